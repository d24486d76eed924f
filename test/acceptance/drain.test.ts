import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { startApi, whenWhole } from '../support/api.ts';
import { connectRaw } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { startProxy } from '../support/proxy.ts';
import { answering, hasHead, startRawApi } from '../support/raw-api.ts';

const GET = 'GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n';

async function start(shutdown: Readonly<Record<string, string>> = {}) {
  const api = await startApi();
  const clock = new MovedClock();
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }], shutdown }, { clock });
  const ready = async (): Promise<number> => (await proxy.askAdmin('/readyz')).status;
  return { api, clock, proxy, ready };
}

/** Whether a new connection is taken. */
function takes(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

test('what is in flight is finished, and told that its connection ends', async () => {
  const { api, proxy, ready } = await start();
  const arrived = Promise.withResolvers<() => void>();
  api.behaveOnce(whenWhole((_, response) => arrived.resolve(() => response.end('finished'))));
  const client = await connectRaw(proxy.port);
  client.send(GET);
  const answer = await arrived.promise;
  expect(await ready()).toBe(200);

  const stopped = proxy.stop();

  expect(await ready()).toBe(503);
  expect(await takes(proxy.port)).toBe(false);
  answer();
  const received = await client.toEnd();
  expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(received).toMatch(/\r\nConnection: close\r\n/i);
  expect(received).toContain('finished');
  client.socket.end();
  await stopped;
  await expect(ready()).rejects.toThrow();
});

test('an upload under way is finished, too', async () => {
  const { api, proxy } = await start();
  const client = await connectRaw(proxy.port);
  client.send('POST /api/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n');
  await api.received(3);
  const stopped = proxy.stop();
  client.send('3\r\ntwo\r\n0\r\n\r\n');
  expect(await client.toEnd()).toContain('"bodyLength":6');
  client.socket.end();
  await stopped;
});

test('C10 an idle connection is closed after a second without a request, not before', async () => {
  const { clock, proxy } = await start();
  const [idle, used] = [await connectRaw(proxy.port), await connectRaw(proxy.port)];
  for (const client of [idle, used]) {
    client.send('GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await client.until((text) => text.includes('no_route'));
  }
  await proxy.served(2);

  const stopped = proxy.stop();
  clock.advance(900);

  const before = used.received.length;
  used.send(GET);
  const answered = (await used.toEnd()).slice(before);
  expect(answered).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answered).toMatch(/\r\nConnection: close\r\n/i);
  used.socket.end();
  expect(idle.socket.readableEnded).toBe(false);
  clock.advance(200);
  await idle.toEnd();
  await stopped;
});

test('for shutdown.delay connections are still taken, though it is not ready', async () => {
  const { clock, proxy, ready } = await start({ delay: '5s' });
  const stopped = proxy.stop();
  expect(await ready()).toBe(503);
  clock.advance(4999);
  const reply = await proxy.call('/api/x', { headers: { connection: 'keep-alive' } });
  expect(reply).toMatchObject({ status: 200 });
  expect(reply.headers.connection).toBe('close');
  clock.advance(1);
  await stopped;
  expect(await takes(proxy.port)).toBe(false);
});

test('L02 what is not finished at shutdown.timeout is cut, streams too, and the admin port answers till then', async () => {
  const { api, clock, proxy, ready } = await start({ timeout: '20s' });
  api.behaveOnce((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
  });
  const arrived = Promise.withResolvers<void>();
  api.behaveOnce(() => arrived.resolve());
  const stream = await connectRaw(proxy.port);
  stream.send(GET);
  await stream.until((text) => text.includes('data: 1'));
  const waiting = await connectRaw(proxy.port);
  waiting.send('GET /api/waits HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await arrived.promise;

  const stopped = proxy.stop();
  clock.advance(19_999);
  expect(await ready()).toBe(503);
  expect((await proxy.askAdmin('/healthz')).status).toBe(200);
  expect(stream.socket.readableEnded || waiting.socket.readableEnded).toBe(false);

  clock.advance(1);
  expect(await stream.toEnd()).not.toContain('\r\n0\r\n');
  expect(await waiting.toEnd()).toBe('');
  await stopped;
  for (const line of await proxy.served(2)) expect(line).toMatchObject({ level: 'warn', error: 'shut_down' });
});

test('L01 a hundred requests in flight: none is lost', async () => {
  const { api, proxy } = await start({ timeout: '20s' });
  const held: (() => void)[] = [];
  const all = Promise.withResolvers<void>();
  api.behave(
    whenWhole((_, response) => {
      held.push(() => response.end('finished'));
      if (held.length === 100) all.resolve();
    }),
  );
  const replies = Array.from({ length: 100 }, () => proxy.call('/api/x'));
  await all.promise;
  const stopped = proxy.stop();
  for (const answer of held) answer();
  for (const reply of await Promise.all(replies)) expect(reply).toMatchObject({ status: 200, text: 'finished' });
  await stopped;
});

test('an answer that began before the signal is finished', async () => {
  const api = await startRawApi(answering('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun'));
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }], shutdown: { timeout: '20s' } });
  const client = await connectRaw(proxy.port);
  client.send(GET);
  expect(await client.until((text) => text.endsWith('begun'))).toSatisfy(hasHead);
  const stopped = proxy.stop();
  (await api.connection()).send('ended');
  await client.until((text) => text.endsWith('begunended'));
  client.socket.end();
  await stopped;
});

test('an answer that would end with its connection is reset when it is cut, so that nobody takes it for whole', async () => {
  const clock = new MovedClock();
  const api = await startRawApi(answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n'));
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] }, { clock });
  const client = await connectRaw(proxy.port);
  client.send('GET /api/x HTTP/1.0\r\nHost: localhost\r\n\r\n');
  await client.until((text) => text.endsWith('begun'));
  const stopped = proxy.stop();
  clock.advance(1);
  await client.toEnd();
  await stopped;
  expect(client.socket.errored).toMatchObject({ code: 'ECONNRESET' });
});
