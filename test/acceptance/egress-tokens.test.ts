/** Token endpoints and the metadata of their servers, by way of an egress proxy. */
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { CLIENT_ID, CLIENT_SECRET, TOKEN_PREFIX } from '../support/canary.ts';
import { selfSigned } from '../support/certificate.ts';
import { type ConnectBehaviour, type EgressProxy, startEgressProxy } from '../support/egress-proxy.ts';
import { startProxy } from '../support/proxy.ts';
import { closing, listening } from '../support/server.ts';

const ISSUER = 'https://id.test';
const identity = selfSigned('id.test');
const proxyIdentity = selfSigned();

/** An authorization server that is `id.test` to whoever comes through the proxy. */
async function startServer(shown = identity) {
  const requests: string[] = [];
  const server = createServer(shown, (request, response) => {
    requests.push(request.url ?? '');
    const isMetadata = request.url?.startsWith('/.well-known/') === true;
    const metadata = { issuer: ISSUER, token_endpoint: `${ISSUER}/token` };
    const token = { access_token: `${TOKEN_PREFIX}${requests.length}`, expires_in: 3600 };
    request.resume().on('end', () => response.end(JSON.stringify(isMetadata ? metadata : token)));
  });
  server.on('tlsClientError', () => {});
  const url = `http://127.0.0.1:${await listening(server)}`;
  onTestFinished(() => closing(server));
  return { url, requests };
}

interface Options {
  readonly egress: EgressProxy;
  readonly url?: string;
  readonly credential?: object;
  readonly more?: object;
}

/** A request that needs a token from there; the API itself is on loopback. */
async function ask({ egress, url = egress.url, credential = { tokenUrl: `${ISSUER}/token` }, more = {} }: Options) {
  const api = await startApi();
  const proxy = await startProxy({
    egress: { proxy: url, ca: [identity.cert, proxyIdentity.cert], ...more },
    credentials: { main: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, ...credential } },
    routes: [{ prefix: '/api', upstream: api.url, credential: 'main' }],
  });
  const reply = await proxy.call('/api/x');
  if (reply.status !== 200) expect(reply.text).not.toContain('127.0.0.1');
  return { proxy, reply, api };
}

describe.each([
  ['http://', undefined],
  ['https://', proxyIdentity],
])('by way of an %s proxy', (_, proxyTls) => {
  test('a token is asked for through CONNECT, with the credentials of the proxy’s address', async () => {
    const server = await startServer();
    const egress = await startEgressProxy(proxyTls);
    egress.knows('id.test:443', server.url);
    egress.guarded = true;
    const { reply, api } = await ask({ egress, url: egress.guardedUrl });
    expect(reply.status).toBe(200);
    expect(api.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN_PREFIX}1`);
    expect(egress.asked.map(({ method, target }) => `${method} ${target}`)).toEqual(['CONNECT id.test:443']);
  });

  test('so is the metadata of an issuer', async () => {
    const server = await startServer();
    const egress = await startEgressProxy(proxyTls);
    egress.knows('id.test:443', server.url);
    expect((await ask({ egress, credential: { issuer: ISSUER } })).reply.status).toBe(200);
    expect(server.requests).toEqual(['/.well-known/oauth-authorization-server', '/token']);
  });
});

test.each<[string, ConnectBehaviour | undefined, string]>([
  ['refuses', (socket) => void socket.end('HTTP/1.1 403 No\r\n\r\n'), 'refuses the connection (403)'],
  ['asks for credentials', (socket) => void socket.end('HTTP/1.1 407 Who\r\n\r\n'), 'asks for credentials (407)'],
  ['knows no such place', undefined, 'refuses the connection (502)'],
  ['breaks off', (socket: Duplex) => void socket.destroy(), 'broke the connection off'],
  ['answers what is no HTTP', (socket) => void socket.end('SSH-2.0-x\r\n'), "'s answer breaks HTTP"],
])('a proxy that %s is named as the reason why there is no token', async (_, behaviour, detail) => {
  const egress = await startEgressProxy();
  egress.behave(behaviour);
  const { reply, proxy, api } = await ask({ egress });
  const problem = { status: 503, code: 'token_unavailable' };
  expect(reply.json()).toMatchObject({
    ...problem,
    detail: expect.stringMatching(/^credential main: the token endpoint cannot be reached: the egress proxy/),
  });
  expect(reply.json()['detail']).toContain(detail);
  expect(proxy.log.find(({ credential }) => credential === 'main')).toMatchObject({ error: 'token_unavailable' });
  expect(api.requests).toEqual([]);
});

test('one that says nothing has no longer than the token request', async () => {
  const egress = await startEgressProxy();
  const gone = Promise.withResolvers<void>();
  egress.behave((socket) => void socket.on('end', gone.resolve).on('close', gone.resolve).resume());
  const { reply } = await ask({ egress, credential: { tokenUrl: `${ISSUER}/token`, request: { timeout: '100ms' } } });
  expect(reply.json()).toMatchObject({
    code: 'token_unavailable',
    detail: expect.stringMatching(
      /^credential main: the token endpoint did not answer in time(:|, by way of) the egress proxy/,
    ),
  });
  await gone.promise;
});

test('one that says nothing is left when the proxy ends', async () => {
  const egress = await startEgressProxy();
  const gone = Promise.withResolvers<void>();
  egress.behave((socket) => void socket.on('end', gone.resolve).on('close', gone.resolve).resume());
  const proxy = await startProxy({
    egress: { proxy: egress.url },
    credentials: {
      main: {
        ...{ tokenUrl: `${ISSUER}/token`, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET },
        request: { timeout: '1h' },
      },
    },
    routes: [{ prefix: '/api', upstream: 'http://127.0.0.1:1', credential: 'main' }],
  });
  await egress.asks(1);
  await proxy.stop();
  await gone.promise;
});

test('somebody else in the tunnel gets no secret', async () => {
  const server = await startServer(selfSigned('elsewhere.test'));
  const egress = await startEgressProxy();
  egress.knows('id.test:443', server.url);
  const { reply } = await ask({ egress });
  expect(reply.json()).toMatchObject({
    code: 'token_unavailable',
    detail: expect.stringContaining('the identity of who is behind the egress proxy'),
  });
  expect(server.requests).toEqual([]);
});

test('a token endpoint that noProxy names, and one on loopback, are reached without it', async () => {
  const egress = await startEgressProxy();
  const { reply } = await ask({ egress, more: { noProxy: ['id.test'] } });
  expect(reply.json()).toMatchObject({ detail: 'credential main: the token endpoint cannot be reached' });
  const local = createHttpServer((_, response) => response.end(`{"access_token":"${TOKEN_PREFIX}local"}`));
  const tokenUrl = `http://127.0.0.1:${await listening(local)}/token`;
  onTestFinished(() => closing(local));
  expect((await ask({ egress, credential: { tokenUrl } })).reply.status).toBe(200);
  expect(egress.asked).toEqual([]);
});

test('authorities of egress.ca are trusted without a proxy too, beside those of a credential', async () => {
  const egress = await startEgressProxy();
  const other = selfSigned('id.test');
  const server = await startServer();
  egress.knows('id.test:443', server.url);
  const tls = { ca: other.cert };
  expect((await ask({ egress, credential: { tokenUrl: `${ISSUER}/token`, tls } })).reply.status).toBe(200);
  const local = selfSigned();
  const there = await startServer(local);
  const tokenUrl = there.url.replace('http:', 'https:');
  const asked = ask({ egress, credential: { tokenUrl }, more: { ca: [local.cert] } });
  expect((await asked).reply.status).toBe(200);
  expect(egress.asked).toHaveLength(1);
});
