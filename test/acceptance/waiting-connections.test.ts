/** Connections that the system has made, and that nobody has taken up yet. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
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

/** As many as the system lets wait for one listener; elsewhere than on Linux it is not known. */
function mostWaiting(): number {
  try {
    return Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
  } catch {
    return 0;
  }
}

const CLIENTS = 1000;

test.skipIf(mostWaiting() < CLIENTS)('a thousand clients that come in the same moment are all let in', async () => {
  const api = await startApi();
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  const script = `
    let connected = 0;
    const end = () => { console.log(connected); process.exit(); };
    setTimeout(end, 20_000);
    for (let i = 0; i < ${CLIENTS}; i += 1)
      require('node:net').connect(${proxy.port}, '127.0.0.1', () => (connected += 1) === ${CLIENTS} && end()).on('error', () => {});
  `;
  // This process stands still meanwhile, and takes up none of them.
  expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toBe(`${CLIENTS}\n`);
  expect((await fetch(`${proxy.url}/api/x`)).status).toBe(200);
});

test('who comes while others are served is served before those have had much', async () => {
  const api = await startApi();
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  const counts = new Array<number>(300).fill(0);
  const sockets = counts.map(() => connect({ host: '127.0.0.1', port: proxy.port }));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => {
    for (const [at, socket] of sockets.entries()) {
      const ask = (): boolean => socket.write('GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
      socket.on('connect', ask).on('data', (answer) => {
        if (!answer.includes('HTTP/1.1 200')) return;
        counts[at] = (counts[at] ?? 0) + 1;
        if (counts.includes(0)) ask();
        else resolve();
      });
    }
  });
  expect(Math.max(...counts)).toBeLessThan(40);
});

test('who asks while others come, and ends its side before its turn, is told of all the same', async () => {
  const [api, here] = [await startApi(), { host: '127.0.0.1' }];
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const asking = Array.from({ length: 50 }, () => connect({ ...here, port: proxy.port }));
  await Promise.all(
    asking.map((socket) =>
      once(
        socket.on('connect', () => socket.write(get('/nowhere'))),
        'data',
      ),
    ),
  );
  const coming = Array.from({ length: 50 }, () => connect({ ...here, port: proxy.port }));
  onTestFinished(() => {
    for (const socket of [...asking, ...coming]) socket.destroy();
  });
  await Promise.any(coming.map((socket) => once(socket, 'connect')));
  for (const socket of asking) socket.end(get('/api/x'));
  const told = await proxy.served(100);
  expect(told.filter(({ path }) => path === '/api/x')).toHaveLength(50);
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
