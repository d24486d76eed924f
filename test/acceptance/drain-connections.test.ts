/** What becomes of connections, of every kind, from the shutdown signal on. */
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { connectRaw } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';
import { openSocket, startWebSocketApi } from '../support/websocket-api.ts';

const GET = 'GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** A proxy that was told to end and still takes connections. */
async function leaving() {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const clock = new MovedClock();
  const proxy = await startProxy({ ...oneRoute(api, provider), shutdown: { delay: '10s' } }, { clock });
  await proxy.told(/token obtained/);
  const kept = await connectRaw(proxy.port);
  kept.send(GET);
  await kept.until((text) => text.includes('"bodyLength"'));
  const before = kept.received.length;
  const stopped = proxy.stop();
  return {
    ...{ api, clock, proxy, kept },
    /** What a connection from before gets for these bytes, and how it ends. */
    async answerTo(bytes: string): Promise<string> {
      kept.send(bytes);
      return (await kept.toEnd()).slice(before);
    },
    async over(): Promise<void> {
      clock.advance(10_000);
      await stopped;
    },
  };
}

test.each<[string, string, number]>([
  ['of an API', GET, 200],
  ['without a body', GET.replace('GET', 'HEAD'), 200],
  ['to an upload', 'POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc', 200],
  ['of our own', GET.replace('/api', '/nowhere'), 404],
  ['of our own, before a route is looked at', GET.replace('localhost', 'evil.test'), 421],
  ['to what is no request', 'GET x\r\n\r\n', 400],
  [
    'to one in HTTP/1.0 that would keep its connection',
    'GET /api/x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
    421,
  ],
])('from the signal on an answer %s ends its connection, and says so', async (_, bytes, status) => {
  const { answerTo, kept, over } = await leaving();
  const answer = await answerTo(bytes);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer).toMatch(/^connection: close\r$/im);
  kept.socket.end();
  await over();
});

test('of requests that came at once the first is answered; a client sees that it has to ask again for the others', async () => {
  const { answerTo, api, kept, over } = await leaving();
  const answer = await answerTo(GET + GET);
  expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  expect(answer).toMatch(/^connection: close\r$/im);
  expect(api.requests).toHaveLength(2);
  kept.socket.end();
  await over();
});

test('during shutdown.delay a connection that comes and asks nothing is closed after a second, as one that was there is', async () => {
  const { clock, kept, proxy, over } = await leaving();
  const silent = await connectRaw(proxy.port);
  // Taken up by now: one behind it has been answered.
  await proxy.call('/api/x');
  clock.advance(900);
  expect([kept, silent].map(({ socket }) => socket.readableEnded)).toEqual([false, false]);
  clock.advance(300);
  await Promise.all([kept.toEnd(), silent.toEnd()]);
  await over();
});

test('a WebSocket goes on until shutdown.timeout, and is cut then', async () => {
  const provider = await startIdentityProvider();
  const api = await startWebSocketApi(provider);
  const clock = new MovedClock();
  const proxy = await startProxy({ ...oneRoute(api, provider), shutdown: { timeout: '20s' } }, { clock });
  const socket = await openSocket(`ws://127.0.0.1:${proxy.port}/api/x`);
  let isOver = false;
  const stopped = proxy.stop().then(() => {
    isOver = true;
  });
  clock.advance(19_900);
  const echoed = once(socket, 'message');
  socket.send('still here');
  expect(String((await echoed)[0])).toBe('still here');
  expect((await fetch(`${proxy.adminUrl}/healthz`)).status).toBe(200);
  expect(isOver).toBe(false);
  const closed = once(socket, 'close');
  clock.advance(200);
  expect((await closed)[0]).toBe(1006);
  await stopped;
  expect((await proxy.served(1))[0]).toMatchObject({ error: 'shut_down', status: 101 });
});
