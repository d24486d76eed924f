import { STATUS_CODES } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { type FailureCode, failureKinds } from '../../src/errors.ts';
import { type Api, startApi, whenWhole } from '../support/api.ts';
import { CLIENT_TOKEN } from '../support/canary.ts';
import { selfSigned } from '../support/certificate.ts';
import { connectRaw } from '../support/client.ts';
import { startIdentityProvider, type TokenAnswer } from '../support/identity-provider.ts';
import { oneRoute, type RunningProxy, startProxy } from '../support/proxy.ts';
import { answering, startRawApi } from '../support/raw-api.ts';
import { ask, type RawReply } from '../support/raw-replies.ts';
import { closing, listening } from '../support/server.ts';

interface Provoked {
  readonly proxy: RunningProxy;
  readonly reply: RawReply;
  /** Log lines of requests that went before. */
  readonly before?: number;
}

interface Row {
  readonly status: number;
  readonly source: string;
  readonly proxyError: string;
  /** What a user can act on. */
  readonly detail: RegExp;
  /** Fields that are promised besides. */
  readonly fields?: Readonly<Record<string, RegExp>>;
  provoke(): Promise<Provoked>;
}

type Options = Readonly<Record<string, unknown>>;

function head(line: string, ...fields: readonly string[]): string {
  return [line, ...(fields.some((field) => /^host:/i.test(field)) ? [] : ['Host: localhost']), ...fields, '', ''].join(
    '\r\n',
  );
}

const GET = head('GET /api/x HTTP/1.1', 'Connection: close');

/** Bytes to a proxy with one plain route. */
function bytes(sent: string, { route = {}, ...config }: Options & { readonly route?: Options } = {}) {
  return async (): Promise<Provoked> => {
    const api = await startApi();
    const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url, ...route }], ...config });
    return { proxy, reply: await ask(proxy.port, sent) };
  };
}

/** A request to such an upstream. */
async function towards(upstream: string, route: Options = {}): Promise<Provoked> {
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream, ...route }] });
  return { proxy, reply: await ask(proxy.port, GET) };
}

/** A request whose token request is answered like this. */
function token(answer: TokenAnswer) {
  return async (): Promise<Provoked> => {
    const provider = await startIdentityProvider();
    provider.answerAlways(answer);
    const api = await startApi(provider);
    const proxy = await startProxy(oneRoute(api, provider));
    const reply = await ask(proxy.port, GET);
    expect(api.requests).toHaveLength(0);
    return { proxy, reply };
  };
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A clock that breaks when a connection is waited for: one route waits so long, and nothing else does. */
const brokenClock: Clock = {
  ...systemClock,
  after(delayMs, callback) {
    if (delayMs === 299_999) throw new Error('the spring broke');
    return systemClock.after(delayMs, callback);
  },
};

async function hopOf(api: Api, proxy: RunningProxy): Promise<string> {
  await ask(proxy.port, GET);
  return String(api.requests[0]?.headers['bearerway-hop']);
}

const rows: Readonly<Record<FailureCode, Row>> = {
  no_route: {
    ...{ status: 404, source: 'client', proxyError: 'destination_not_found', detail: /no route has a prefix/ },
    provoke: bytes(head('GET /apix HTTP/1.1', 'Connection: close')),
  },
  forward_denied: {
    ...{ status: 403, source: 'client', proxyError: 'http_request_denied', detail: /no route has an upstream/ },
    provoke: bytes(head('GET http://elsewhere.test/x HTTP/1.1', 'Connection: close')),
  },
  host_denied: {
    ...{ status: 421, source: 'client', proxyError: 'http_request_denied', detail: /listen\.allowedHosts/ },
    provoke: bytes(head('GET /api/x HTTP/1.1', 'Host: elsewhere.test', 'Connection: close')),
  },
  origin_denied: {
    ...{ status: 403, source: 'client', proxyError: 'http_request_denied', detail: /listen\.allowedOrigins/ },
    provoke: bytes(head('GET /api/x HTTP/1.1', 'Origin: null', 'Connection: close')),
  },
  client_unauthorized: {
    ...{ status: 407, source: 'client', proxyError: 'http_request_denied', detail: /Bearerway-Client-Token/ },
    fields: { 'proxy-authenticate': /^Basic realm="bearerway"$/ },
    provoke: bytes(GET, { listen: { clientToken: CLIENT_TOKEN } }),
  },
  method_denied: {
    ...{ status: 405, source: 'client', proxyError: 'http_request_denied', detail: /allows GET, PUT/ },
    fields: { allow: /^GET, PUT$/ },
    provoke: bytes(head('DELETE /api/x HTTP/1.1', 'Connection: close'), { route: { methods: ['GET', 'PUT'] } }),
  },
  path_denied: {
    ...{ status: 403, source: 'client', proxyError: 'http_request_denied', detail: /paths that this route allows/ },
    provoke: bytes(GET, { route: { paths: ['/v1/**'] } }),
  },
  bad_request: {
    ...{ status: 400, source: 'client', proxyError: 'http_request_error', detail: /two Host fields/ },
    provoke: bytes(head('GET /api/x HTTP/1.1', 'Host: localhost', 'Host: localhost', 'Connection: close')),
  },
  request_timeout: {
    ...{ status: 408, source: 'client', proxyError: 'http_request_error', detail: /the head .* took too long/ },
    provoke: bytes('GET /api/x HTTP/1.1\r\nHost:', { limits: { headersTimeout: '80ms' } }),
  },
  header_too_large: {
    ...{ status: 431, source: 'client', proxyError: 'http_request_error', detail: /more than 5 fields/ },
    provoke: bytes(head('GET /api/x HTTP/1.1', ...Array.from({ length: 5 }, (_, i) => `X-${i}: 1`)), {
      limits: { headerCount: 5 },
    }),
  },
  uri_too_long: {
    ...{ status: 414, source: 'client', proxyError: 'http_request_error', detail: /more than 100 bytes/ },
    provoke: bytes(head(`GET /api/${'x'.repeat(100)} HTTP/1.1`), { limits: { targetSize: '100B' } }),
  },
  not_implemented: {
    ...{ status: 501, source: 'client', proxyError: 'http_request_error', detail: /other than chunked/ },
    provoke: bytes(head('POST /api/x HTTP/1.1', 'Transfer-Encoding: gzip, chunked')),
  },
  version_unsupported: {
    ...{ status: 505, source: 'client', proxyError: 'http_request_error', detail: /HTTP\/1\.1/ },
    provoke: bytes(head('GET /api/x HTTP/3.0')),
  },
  expectation_failed: {
    ...{ status: 417, source: 'client', proxyError: 'http_request_error', detail: /100-continue/ },
    provoke: bytes(head('GET /api/x HTTP/1.1', 'Expect: the-unexpected', 'Connection: close')),
  },
  loop_detected: {
    ...{ status: 508, source: 'client', proxyError: 'proxy_loop_detected', detail: /leads back to this proxy/ },
    async provoke() {
      const api = await startApi();
      const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
      const hop = `Bearerway-Hop: ${await hopOf(api, proxy)}`;
      return { proxy, before: 1, reply: await ask(proxy.port, head('GET /api/x HTTP/1.1', hop, 'Connection: close')) };
    },
  },
  overloaded: {
    ...{ status: 503, source: 'proxy', proxyError: 'connection_limit_reached', detail: /too many requests/ },
    fields: { 'retry-after': /^1$/ },
    async provoke() {
      const api = await startApi();
      const arrived = Promise.withResolvers<void>();
      api.behaveOnce(whenWhole(() => arrived.resolve()));
      const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }], limits: { inFlight: 1 } });
      ask(proxy.port, GET).catch(() => {});
      await arrived.promise;
      return { proxy, reply: await ask(proxy.port, GET) };
    },
  },
  internal_error: {
    ...{ status: 500, source: 'proxy', proxyError: 'proxy_internal_error', detail: /the log .* has the details/ },
    async provoke() {
      const api = await startRawApi();
      const route = { prefix: '/api', upstream: api.url, connections: 1, timeouts: { connect: '299999ms' } };
      const proxy = await startProxy({ routes: [route] }, { clock: brokenClock });
      const first = await connectRaw(proxy.port);
      first.send(GET);
      await api.connection();
      return { proxy, reply: await ask(proxy.port, GET) };
    },
  },
  token_unavailable: {
    ...{ status: 503, source: 'identity_provider', proxyError: 'proxy_internal_response', detail: /429/ },
    fields: { 'retry-after': /^[78]$/ },
    provoke: token({ status: 429, headers: { 'retry-after': '7' } }),
  },
  token_refused: {
    ...{ status: 502, source: 'identity_provider', proxyError: 'proxy_internal_response', detail: /invalid_client/ },
    provoke: token({ status: 401, body: { error: 'invalid_client' } }),
  },
  token_invalid: {
    ...{ status: 502, source: 'identity_provider', proxyError: 'proxy_internal_response', detail: /not a JSON object/ },
    provoke: token({ status: 200, body: '<html>' }),
  },
  upstream_unreachable: {
    ...{ status: 502, source: 'upstream', proxyError: 'destination_unavailable', detail: /no connection/ },
    provoke: async () => towards(`http://127.0.0.1:${await unusedPort()}`),
  },
  upstream_tls: {
    ...{ status: 502, source: 'upstream', proxyError: 'tls_certificate_error', detail: /could not be verified/ },
    async provoke() {
      const server = createTlsServer(selfSigned());
      onTestFinished(() => closing(server));
      return towards(`https://127.0.0.1:${await listening(server)}`);
    },
  },
  upstream_invalid: {
    ...{
      status: 502,
      source: 'upstream',
      proxyError: 'http_protocol_error',
      detail: /the status line is not one of HTTP/,
    },
    provoke: async () => towards((await startRawApi(answering('SSH-2.0-it\r\n'))).url),
  },
  upstream_timeout: {
    ...{ status: 504, source: 'upstream', proxyError: 'http_response_timeout', detail: /did not begin in time/ },
    provoke: async () => towards((await startRawApi()).url, { timeouts: { headers: '80ms' } }),
  },
  upstream_reset: {
    ...{ status: 502, source: 'upstream', proxyError: 'connection_terminated', detail: /broke/ },
    provoke: async () => towards((await startRawApi(({ socket }) => void socket.end())).url),
  },
};

test.each(Object.keys(failureKinds) as FailureCode[])('%s: status, problem, and a line in the log', async (code) => {
  const { status, source, proxyError, detail, fields = {}, provoke } = rows[code];

  const { proxy, reply, before = 0 } = await provoke();

  expect(reply.status).toBe(status);
  expect(reply.get('content-type')).toBe('application/problem+json');
  expect(reply.get('content-length')).toBe(String(Buffer.byteLength(reply.body)));
  expect(reply.get('cache-control')).toBe('no-store');
  expect(reply.get('proxy-status')).toBe(`bearerway; error=${proxyError}`);
  for (const name of ['retry-after', 'allow', 'proxy-authenticate']) {
    if (fields[name] !== undefined) expect(reply.get(name)).toMatch(fields[name]);
    else if (!(source === 'identity_provider' && name === 'retry-after')) expect(reply.get(name)).toBeUndefined();
  }
  const problem = JSON.parse(reply.body);
  expect(problem).toEqual({
    ...{ type: `urn:bearerway:problem:${code}`, title: failureKinds[code].title, status, code, source },
    detail: expect.stringMatching(detail),
    requestId: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(STATUS_CODES[status]).toBeDefined();
  expect(reply.body).not.toMatch(/127\.0\.0\.1|:\d{4,5}\b|\bat .*:\d+:\d+/);

  const lines = (await proxy.served(before + 1)).slice(before);
  expect(lines).toEqual([
    expect.objectContaining({ error: code, status, requestId: problem.requestId, reason: expect.stringMatching(/./) }),
  ]);
});
