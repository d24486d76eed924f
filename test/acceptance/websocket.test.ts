import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Clock, systemClock } from '../../src/clock.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';
import { openSocket, startWebSocketApi } from '../support/websocket-api.ts';

async function scene({
  route = {},
  config = {},
  clock = systemClock,
}: {
  route?: object;
  config?: object;
  clock?: Clock;
} = {}) {
  const provider = await startIdentityProvider();
  const api = await startWebSocketApi(provider);
  const proxy = await startProxy({ ...oneRoute(api, provider, { ...route }), ...config }, { clock });
  await provider.requested(1);
  const url = `ws://127.0.0.1:${proxy.port}/api/socket?a=1`;
  return { provider, api, proxy, url };
}

/** What a handshake that is refused gets. */
async function refused(url: string): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  const socket = new WebSocket(url);
  const [, response] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body, headers: response.headers };
}

test('a WebSocket goes through, with a token on its handshake', async () => {
  const { provider, api, proxy, url } = await scene();
  const socket = await openSocket(url);
  socket.send('hello');
  expect(String((await once(socket, 'message'))[0])).toBe('hello');
  const [handshake] = api.handshakes;
  expect(handshake?.url).toBe('/socket?a=1');
  expect(handshake?.headers).toMatchObject({
    authorization: `Bearer ${provider.issued[0]}`,
    connection: 'Upgrade',
    upgrade: 'websocket',
  });
  expect(proxy.requests).toEqual([]);
  socket.close(1000);
  await once(socket, 'close');
  const [line] = await proxy.served(1);
  expect(line).toMatchObject({ method: 'GET', path: '/api/socket', status: 101, credential: 'main' });
  expect(line).not.toHaveProperty('error');
});

test('compressed or not, large messages arrive as they were sent, both ways', async () => {
  const { url } = await scene();
  for (const perMessageDeflate of [false, true]) {
    const socket = await openSocket(url, { perMessageDeflate });
    for (const length of [0, 1, 125, 126, 65_535, 65_536, 16 * 1024 * 1024]) {
      const bytes = randomBytes(length);
      const echo = once(socket, 'message');
      socket.send(bytes);
      const [received] = (await echo) as [Buffer];
      expect(received.length).toBe(length);
      expect(createHash('sha256').update(received).digest('hex')).toBe(
        createHash('sha256').update(bytes).digest('hex'),
      );
    }
  }
});

test('many messages arrive in their order, and the record counts them when the socket is closed', async () => {
  const { proxy, url } = await scene();
  const socket = await openSocket(url);
  const received: string[] = [];
  const all = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      received.push(String(data));
      if (received.length === 20_000) resolve();
    });
  });
  const sent = Array.from({ length: 20_000 }, (_, i) => `message ${i}`);
  for (const message of sent) socket.send(message);
  await all;
  expect(received).toEqual(sent);
  socket.close();
  await once(socket, 'close');
  const bytes = sent.reduce((sum, { length }) => sum + length, 0);
  // Each message has a frame of 2 bytes, and 4 more for the mask on the client's side; so has the close, with its code.
  const [line] = await proxy.served(1);
  expect([line?.['bytesIn'], line?.['bytesOut']]).toEqual([bytes + 6 * 20_001, bytes + 2 * 20_001]);
});

test('pings and pongs go through, either way', async () => {
  const { api, url } = await scene();
  const socket = await openSocket(url);
  const pong = once(socket, 'pong');
  socket.ping('are you there?');
  expect(String((await pong)[0])).toBe('are you there?');
  const answered = once(api.open[0] as WebSocket, 'pong');
  api.open[0]?.ping('and you?');
  expect(String((await answered)[0])).toBe('and you?');
});

test.each([
  ['the client', 1000, 'done'],
  ['the client', 4321, 'a code of its own'],
  ['the API', 1000, 'done'],
  ['the API', 1011, 'something broke'],
])('whoever closes, here %s, with which code and why is told the other: %i %s', async (who, code, reason) => {
  const { api, proxy, url } = await scene();
  const client = await openSocket(url);
  const [server] = api.open;
  const told = once((who === 'the client' ? server : client) as WebSocket, 'close');
  (who === 'the client' ? client : server)?.close(code, reason);
  const [toldCode, toldReason] = await told;
  expect([toldCode, String(toldReason)]).toEqual([code, reason]);
  expect((await proxy.served(1))[0]).not.toHaveProperty('error');
});

test('a 401 on the handshake is renewed, and the handshake sent once more', async () => {
  const { provider, api, proxy, url } = await scene();
  provider.revoke();
  const socket = new WebSocket(url);
  const opened = once(socket, 'open');
  const [response] = await once(socket, 'upgrade');
  expect(response.headers['bearerway-retry']).toBe('done');
  await opened;
  socket.send('hello');
  expect(String((await once(socket, 'message'))[0])).toBe('hello');
  expect(api.handshakes.map(({ headers }) => headers.authorization)).toEqual(
    [0, 1].map((i) => `Bearer ${provider.issued[i]}`),
  );
  const [first, second] = api.handshakes.map(({ headers }) => headers['sec-websocket-key']);
  expect(first).toBe(second);
  socket.close();
  expect((await proxy.served(1))[0]).toMatchObject({ status: 101, retry: 'done' });
});

test('a second 401 is passed on whole', async () => {
  const { api, url } = await scene();
  const unauthorized = (body: string) => `HTTP/1.1 401 Unauthorized\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  api.refuseOnce(unauthorized('first'));
  api.refuseOnce(unauthorized('second'));
  expect(await refused(url)).toMatchObject({ status: 401, body: 'second', headers: { 'bearerway-retry': 'done' } });
});

test('a handshake that is refused is passed on whole', async () => {
  const { api, proxy, url } = await scene();
  api.refuseOnce('HTTP/1.1 403 Not Today\r\nX-Why: because\r\nContent-Length: 9\r\n\r\nnot today');
  expect(await refused(url)).toMatchObject({ status: 403, body: 'not today', headers: { 'x-why': 'because' } });
  expect((await proxy.served(1))[0]).toMatchObject({ status: 403, bytesOut: 9 });
  await openSocket(url);
});

test('1,000 sockets are open at once on a route of 4 connections, are shut down in time, and leave nothing behind', async () => {
  const clock = new MovedClock();
  const { api, proxy, url } = await scene({
    clock,
    route: { connections: 4 },
    config: { shutdown: { timeout: '20s' }, log: { level: 'info' } },
  });
  const sockets: WebSocket[] = [];
  while (sockets.length < 1000)
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => openSocket(url)))));
  const echoes = sockets.map((socket) => once(socket, 'message'));
  for (const [i, socket] of sockets.entries()) socket.send(String(i));
  expect((await Promise.all(echoes)).map(([data]) => String(data))).toEqual(sockets.map((_, i) => String(i)));
  expect(api.open).toHaveLength(1000);

  const closed = Promise.all([...sockets, ...api.open].map((socket) => once(socket, 'close')));
  const stopped = proxy.stop();
  clock.advance(19_900);
  const [last] = sockets;
  last?.send('still there?');
  expect(String((await once(last as WebSocket, 'message'))[0])).toBe('still there?');
  clock.advance(200);
  await stopped;
  expect((await closed).map(([code]) => code)).toEqual(Array(2000).fill(1006));
  const lines = await proxy.served(1000);
  expect(lines.filter(({ status, error }) => status === 101 && error === 'shut_down')).toHaveLength(1000);
});
