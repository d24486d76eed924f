import { describe, expect, test } from 'vitest';
import { startApi, whenWhole } from '../support/api.ts';
import { CLIENT_TOKEN } from '../support/canary.ts';
import { connectRaw } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, oneRoute, startProxy } from '../support/proxy.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';
import { ask, raw } from '../support/raw-replies.ts';
import { startRecorder } from '../support/recorder.ts';

/** An upload with these trailers, and these fields at its head. */
function upload(trailers: readonly string[], fields: readonly string[] = []): string {
  const lines = ['POST /api/x HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked', ...fields];
  return raw(lines, `5\r\nhello\r\n0\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`);
}

/** The trailers that the API gets. */
async function passed(
  trailers: readonly string[],
  { fields = [], route = {}, inject = {}, listen = {} }: Record<string, object> & { fields?: readonly string[] } = {},
): Promise<readonly string[]> {
  const provider = await startIdentityProvider();
  const recorder = await startRecorder();
  const proxy = await startProxy({
    listen,
    credentials: { main: credentialFor(provider, { inject }) },
    routes: [{ prefix: '/api', upstream: recorder.url, credential: 'main', ...route }],
  });
  expect((await ask(proxy.port, upload(trailers, fields))).status).toBe(200);
  const [message] = recorder.messages;
  expect([message?.framing, message?.body.toString()]).toEqual(['chunked', 'hello']);
  return message?.trailers ?? [];
}

describe('the trailers of a chunked request go to the API', () => {
  test('in order and case, duplicates too', async () => {
    expect(await passed(['X-Sum: 1', 'x-sum: 2', 'Server-Timing: a'])).toEqual([
      ...['X-Sum', '1', 'x-sum', '2', 'Server-Timing', 'a'],
    ]);
  });

  test('also of a body that is streamed and not kept', async () => {
    expect(await passed(['X-Sum: 1'], { route: { retry: { maxBody: '1B' } } })).toEqual(['X-Sum', '1']);
  });

  test('and with a second try, the same ones', async () => {
    const provider = await startIdentityProvider();
    const api = await startApi(provider);
    const seen: unknown[] = [];
    const note = (status: number) =>
      whenWhole((request, response) => {
        seen.push(request.rawTrailers);
        response.writeHead(status).end();
      });
    api.behaveOnce(note(401));
    api.behaveOnce(note(200));
    const proxy = await startProxy(oneRoute(api, provider));
    const reply = await ask(proxy.port, upload(['X-Sum: abc']));
    expect([reply.status, reply.get('bearerway-retry')]).toEqual([200, 'done']);
    expect(seen).toEqual([
      ['X-Sum', 'abc'],
      ['X-Sum', 'abc'],
    ]);
  });

  test('and with a second try that begins before they have come', async () => {
    const again = Promise.withResolvers<void>();
    const api = await startRawApi(async (connection) => {
      const number = api.connections.length;
      await connection.until(hasHead);
      if (number === 1) return connection.send('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
      await connection.until((text) => text.includes('hello'));
      again.resolve();
      await connection.until((text) => text.endsWith('5\r\nhello\r\n0\r\nX-Sum: abc\r\n\r\n'));
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const provider = await startIdentityProvider();
    const proxy = await startProxy(oneRoute(api, provider));
    const bytes = upload(['X-Sum: abc']);
    const client = await connectRaw(proxy.port);
    client.send(bytes.slice(0, bytes.indexOf('0\r\nX-Sum')));
    await again.promise;
    client.send(bytes.slice(bytes.indexOf('0\r\nX-Sum')));
    expect(await client.until(hasHead)).toMatch(/^HTTP\/1\.1 200 OK/);
  });
});

describe('a trailer says nothing that a client may not say at the head', () => {
  test.each([
    ...['Transfer-Encoding: chunked', 'Content-Length: 9', 'Host: evil', 'Connection: close', 'Upgrade: x'],
    ...['Trailer: X-Sum', 'TE: trailers', 'Keep-Alive: timeout=1', 'Proxy-Authorization: Basic eDp5'],
    ...['Proxy-Connection: close', 'Proxy-Authenticate: x', 'HTTP2-Settings: x', 'Expect: 100-continue'],
    ...['Authorization: theirs', 'authorization_: theirs', 'Cookie: a=b', 'Content-Type: text/html', 'Range: x'],
    ...['Cache-Control: no-store', 'Max-Forwards: 1', 'Content_Length: 9', 'transfer.encoding: chunked'],
    ...['Bearerway-Hop: x', 'Bearerway-Client-Token: x', 'bearerway_hop: x', 'X-Request-Id: x', 'X_Request_Id: x'],
  ])('%s', async (line) => {
    expect(await passed(['X-A: 1', line, 'X-B: 2'])).toEqual(['X-A', '1', 'X-B', '2']);
  });

  test('of what Connection names', async () => {
    expect(await passed(['X-A: 1', 'X-Hop: 2'], { fields: ['Connection: X-Hop'] })).toEqual(['X-A', '1']);
  });

  test('of the field that the token goes into, its twins too', async () => {
    const twins = ['X-Api-Key: theirs', 'X_Api_Key: theirs', 'x-api-key_: theirs'];
    expect(await passed([...twins, 'X-A: 1'], { inject: { header: 'X-Api-Key', scheme: '' } })).toEqual(['X-A', '1']);
  });

  test('of what the config sets, removes, or decides on', async () => {
    const route = { headers: { set: { 'X-Set': 'ours' }, remove: ['X-Removed'] }, forwardedHeaders: true };
    const lines = ['X-Set: theirs', 'X-Removed: theirs', 'X-Forwarded-For: 9.9.9.9', 'Forwarded: for=x', 'X-A: 1'];
    expect(await passed(lines, { route })).toEqual(['X-A', '1']);
  });

  test('of the client token', async () => {
    const password = Buffer.from(`x:${CLIENT_TOKEN}`).toString('base64');
    const fields = [`Bearerway-Client-Token: ${CLIENT_TOKEN}`];
    const lines = [`Bearerway-Client-Token: ${CLIENT_TOKEN}`, `Authorization: Basic ${password}`, 'X-A: 1'];
    expect(await passed(lines, { fields, listen: { clientToken: CLIENT_TOKEN } })).toEqual(['X-A', '1']);
  });
});

test('trailers that break the grammar are refused, and the API is left in the middle of the request', async () => {
  const recorder = await startRecorder();
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: recorder.url }] });
  for (const line of ['no colon', ' X: folded', 'X : 1', 'X: a\0b', `X: ${'y'.repeat(20_000)}`])
    expect((await ask(proxy.port, upload([line]))).status).toBeGreaterThanOrEqual(400);
  await recorder.idle();
  expect(recorder.messages).toEqual([]);
});
