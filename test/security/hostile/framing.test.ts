import { describe, expect, test } from 'vitest';
import { connectRaw } from '../../support/client.ts';
import { startIdentityProvider } from '../../support/identity-provider.ts';
import { oneRoute, startProxy } from '../../support/proxy.ts';
import { hasHead, startRawApi } from '../../support/raw-api.ts';
import { ask, raw, repliesIn } from '../../support/raw-replies.ts';
import { startRecorder } from '../../support/recorder.ts';
import { setStage } from '../../support/stage.ts';

test.each(['010', '0000000010', '000000000000010'])('F06 a length of %s goes on as 10', async (length) => {
  const recorder = await startRecorder();
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: recorder.url }] });
  for (const method of ['GET', 'POST', 'DELETE']) {
    const lines = [`${method} /api/x HTTP/1.1`, 'Host: localhost', `Content-Length: ${length}`];
    expect((await ask(proxy.port, raw(lines, '0123456789'))).status).toBe(200);
  }
  for (const message of recorder.messages)
    expect([message.all('content-length'), message.body.toString()]).toEqual([['10'], '0123456789']);
});

describe('F25 the API refuses before the body has come, which waits for leave', () => {
  const refusal = 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n';
  const head = ['PUT /api/x HTTP/1.1', 'Host: localhost', 'Expect: 100-continue'];

  test.each([
    ['of known length', 'Content-Length: 5', 'hello'],
    ['in chunks', 'Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
  ])('no byte of one that is kept is lost: %s', async (_name, framing, body) => {
    const provider = await startIdentityProvider();
    const bodies: string[] = [];
    const api = await startRawApi(async (connection) => {
      await connection.until(hasHead);
      if (api.connections.length === 1) {
        connection.send(refusal);
        connection.socket.end();
        return;
      }
      bodies.push(await connection.until((text) => text.includes('hello')));
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone');
    });
    const proxy = await startProxy(oneRoute(api, provider));
    const client = await connectRaw(proxy.port);
    client.send(raw([...head, framing]));
    await client.until((text) => text.includes(' 100 '));
    client.send(body);
    const replies = repliesIn(await client.until((text) => repliesIn(text).some(({ status }) => status >= 200)));
    expect(replies.map(({ status }) => status)).toEqual([100, 200]);
    expect(replies[1]?.get('bearerway-retry')).toBe('done');
    expect(bodies).toHaveLength(1);
  });

  test('of one that is not kept, the refusal is the answer, and no other request is read out of it', async () => {
    const provider = await startIdentityProvider();
    const api = await startRawApi(async (connection) => {
      await connection.until((text) => text.endsWith('begun'));
      connection.send(refusal);
    });
    const proxy = await startProxy(oneRoute(api, provider, { retry: { maxBody: '1B' } }));
    const client = await connectRaw(proxy.port);
    client.send(raw([...head, 'Content-Length: 60']));
    await client.until((text) => text.includes(' 100 '));
    client.send('begun');
    await client.until((text) => repliesIn(text).some(({ status }) => status === 401));
    client.send(raw(['GET /api/hidden HTTP/1.1', 'Host: localhost']));
    const replies = repliesIn(await client.toEnd()).filter(({ status }) => status >= 200);
    expect(replies.map(({ status, get }) => [status, get('bearerway-retry'), get('connection')])).toEqual([
      [401, 'skipped; reason=body-too-large', 'close'],
    ]);
    expect(api.connections.map(({ received }) => received.includes('hidden'))).toEqual([false]);
  });
});

describe('F31 Max-Forwards of an OPTIONS', () => {
  const options = (...lines: string[]): string => raw(['OPTIONS /api/x HTTP/1.1', 'Host: localhost', ...lines]);

  test.each(['0', '000'])('%s: it goes no further, and we say what may be asked', async (left) => {
    const stage = await setStage();
    const reply = await ask(stage.proxy.port, options(`Max-Forwards: ${left}`));
    expect([reply.status, reply.get('allow'), reply.body]).toEqual([
      ...[204, 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS', ''],
    ]);
    const narrow = await setStage({ route: { methods: ['OPTIONS', 'PURGE'] } });
    expect((await ask(narrow.proxy.port, options('Max-Forwards: 0'))).get('allow')).toBe('OPTIONS, PURGE');
    expect([stage.api.requests, narrow.api.requests]).toEqual([[], []]);
    expect(await stage.proxy.served(1)).toMatchObject([{ status: 204, route: '/api' }]);
  });

  test('more: one less at the API; of another method it is data', async () => {
    const stage = await setStage();
    await stage.passes(options('Max-Forwards: 10'));
    await stage.passes(options());
    await stage.passes(raw(['GET /api/x HTTP/1.1', 'Host: localhost', 'Max-Forwards: 0']));
    expect(stage.api.requests.map(({ headers }) => headers['max-forwards'])).toEqual(['9', undefined, '0']);
  });

  test.each([['-1'], ['x'], [''], ['1', '0']])('%s is none', async (...values) => {
    const stage = await setStage();
    const bytes = options(...values.map((value) => `Max-Forwards: ${value}`));
    expect((await stage.refuses(bytes, 400, 'bad_request')).body).toContain('Max-Forwards');
  });
});
