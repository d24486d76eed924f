/** Connections that the system has made, and that nobody has taken up yet, when the proxy is told to end. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { MovedClock } from '../support/clock.ts';
import { startProxy } from '../support/proxy.ts';

test('who has connected before the signal is answered, however many wait to be taken up', async () => {
  const api = await startApi();
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] }, { clock: new MovedClock() });
  const sockets = Array.from({ length: 100 }, () => connect({ host: '127.0.0.1', port: proxy.port }));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  const answers = sockets.map(answered);
  // In this turn the first ones are connected, and by now all of them are as the system has it.
  await Promise.any(sockets.map((socket) => once(socket, 'connect')));
  const stopped = proxy.stop();
  for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  await stopped;
});

test('behind shutdown.timeout nobody waits for who is taken up then', async () => {
  const [api, clock] = [await startApi(), new MovedClock()];
  api.behave(() => {});
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] }, { clock });
  const sockets = Array.from({ length: 100 }, () => connect({ host: '127.0.0.1', port: proxy.port }));
  const answers = sockets.map((socket) => answered(socket.on('error', () => {})));
  await Promise.any(sockets.map((socket) => once(socket, 'connect')));
  const stopped = proxy.stop();
  clock.advance(0);
  await stopped;
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['']));
});

/** All that comes on a connection. */
async function answered(socket: Socket): Promise<string> {
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.write('GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await ended;
  return received;
}
