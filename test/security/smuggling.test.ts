import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectRaw } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, startProxy } from '../support/proxy.ts';
import { raw, repliesIn } from '../support/raw-replies.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { closing, listening } from '../support/server.ts';

/** What an attacker would have the API do: a whole request, sent as the body of another. */
const hidden = 'POST /hidden HTTP/1.1\r\nHost: api.example\r\nContent-Length: 0\r\n\r\n';
const chunks = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;

/** Requests that are valid, and whose framing a proxy loses that drops fields and copies bytes. */
function withHiddenRequest(method: string, ...lines: string[]): string {
  return raw([`${method} /api/x HTTP/1.1`, 'Host: localhost', ...lines, 'Transfer-Encoding: chunked'], chunks);
}

interface Carried {
  readonly status: number | undefined;
  /** `method target`, as a strict reader takes the bytes that came to the API. */
  readonly seen: readonly string[];
  readonly bodies: readonly string[];
}

/** Sends bytes through a proxy in front of a recorder, and after them a request that shows what is left over. */
async function carried(port: number, recorder: Recorder, bytes: string): Promise<Carried> {
  const connection = await connectRaw(port);
  connection.send(bytes);
  const received = await connection.until((text) => repliesIn(text).length > 0);
  const after = await connectRaw(port);
  after.send(raw(['GET /api/after HTTP/1.1', 'Host: localhost']));
  await after.until((text) => repliesIn(text).length > 0);
  const messages = recorder.messages.filter(({ target }) => !target.endsWith('/after'));
  return {
    status: repliesIn(received)[0]?.status,
    seen: messages.map(({ method, target }) => `${method} ${target}`),
    bodies: messages.map(({ body }) => body.toString('latin1')),
  };
}

async function throughBearerway(bytes: string, maxBody = '1MiB'): Promise<Carried> {
  const provider = await startIdentityProvider();
  const recorder = await startRecorder();
  const proxy = await startProxy({
    credentials: { main: credentialFor(provider) },
    routes: [{ prefix: '/api', upstream: recorder.url, credential: 'main', stripPrefix: false, retry: { maxBody } }],
  });
  const outcome = await carried(proxy.port, recorder, bytes);
  for (const message of recorder.messages)
    expect(message.all('authorization')).toEqual([`Bearer ${provider.issued[0]}`]);
  return outcome;
}

async function throughHttpProxy(bytes: string): Promise<Carried> {
  const recorder = await startRecorder();
  const agent = new Agent({ keepAlive: true });
  const proxy = httpProxy.createProxyServer({ target: recorder.url, agent });
  proxy.on('error', () => {});
  const server = createServer((request, response) => proxy.web(request, response));
  const port = await listening(server);
  onTestFinished(async () => {
    agent.destroy();
    await closing(server);
  });
  return carried(port, recorder, bytes);
}

describe('F02 a chunked request is one request at the API, with that body', () => {
  test.each(['GET', 'DELETE', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'HEAD', 'PROPFIND', 'QUERY'])('%s', async (method) => {
    expect(await throughBearerway(withHiddenRequest(method))).toEqual({
      status: 200,
      seen: [`${method} /api/x`],
      bodies: [hidden],
    });
  });

  test.each([
    ['Connection: Transfer-Encoding'],
    ['Connection: close, transfer-encoding'],
    ['Connection: Content-Length, Transfer-Encoding'],
    ['Content_Length: 0'],
    ['Upgrade: h2c', 'Connection: Upgrade'],
    ['TE: chunked', 'Connection: TE'],
    ['Trailer: Content-Length'],
  ])('whatever else it says: %s', async (...lines) => {
    for (const method of ['GET', 'DELETE', 'OPTIONS']) {
      const { seen, bodies } = await throughBearerway(withHiddenRequest(method, ...lines));
      expect([seen, bodies]).toEqual([[`${method} /api/x`], [hidden]]);
    }
  });

  test('F11, F12 without its extensions and trailers', async () => {
    const body = `${hidden.length.toString(16)};a=b;c="d"\r\n${hidden}\r\n0;x\r\nAuthorization: evil\r\nHost: evil\r\nX-T: 1\r\n\r\n`;
    const bytes = raw(['DELETE /api/x HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked'], body);
    expect(await throughBearerway(bytes)).toEqual({ status: 200, seen: ['DELETE /api/x'], bodies: [hidden] });
  });
});

describe('F01, F32 so is one with a length', () => {
  const methods = ['GET', 'DELETE', 'OPTIONS', 'POST', 'HEAD'];
  test.each(methods)('%s, read whole or streamed', async (method) => {
    const bytes = raw([`${method} /api/x HTTP/1.1`, 'Host: localhost', `Content-Length: ${hidden.length}`], hidden);
    for (const maxBody of ['1MiB', '1B'])
      expect(await throughBearerway(bytes, maxBody)).toEqual({
        status: 200,
        seen: [`${method} /api/x`],
        bodies: [hidden],
      });
  });

  test.each(methods)('%s whose Connection names Content-Length', async (method) => {
    const lines = ['Host: localhost', 'Connection: Content-Length', `Content-Length: ${hidden.length}`];
    const { seen, bodies } = await throughBearerway(raw([`${method} /api/x HTTP/1.1`, ...lines], hidden));
    expect([seen, bodies]).toEqual([[`${method} /api/x`], [hidden]]);
  });

  test.each(methods)('%s of length 0', async (method) => {
    const bytes = raw([`${method} /api/x HTTP/1.1`, 'Host: localhost', 'Content-Length: 0']);
    expect(await throughBearerway(bytes)).toEqual({ status: 200, seen: [`${method} /api/x`], bodies: [''] });
  });
});

describe('the same through http-proxy 1.18.1 with a keep-alive agent: the API sees TWO requests (CVE-2026-29057)', () => {
  test.each(['DELETE', 'OPTIONS'])('a chunked %s and, out of its body, the hidden one', async (method) => {
    const { seen } = await throughHttpProxy(withHiddenRequest(method));
    expect(seen).toEqual([`${method} /api/x`, 'POST /hidden']);
  });
});
