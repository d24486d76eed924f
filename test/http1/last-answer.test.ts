/** What becomes of a connection behind the last answer on it. */
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { connectRaw } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { type Proxy as RunningProxy, startProxy } from '../support/proxy.ts';

/** Sends bytes, and waits for the end of what comes back; no time passes for the proxy. */
async function answered(bytes: string): Promise<{ clock: MovedClock; proxy: RunningProxy; socket: Socket }> {
  const routes = [{ prefix: '/api', upstream: 'http://127.0.0.1:1' }];
  const clock = new MovedClock();
  const proxy = await startProxy({ routes }, { clock });
  const client = await connectRaw(proxy.port);
  client.send(bytes);
  expect(await client.toEnd()).toMatch(/^HTTP\/1\.1 40[04] /);
  return { clock, proxy, socket: client.socket };
}

/** False: the other side has gone. */
const write = (socket: Socket) => new Promise<boolean>((done) => socket.write('x', (error) => done(!error)));

test.each([
  ['says that it is the last', 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'],
  ['comes in HTTP/1.0', 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n'],
  ['had a body', 'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab'],
  ['is not read whole', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab'],
  ['breaks HTTP', 'GET x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'],
  ['has more behind it', 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\nmore'],
])('behind the last answer to a request that %s, what a client still sends does not take it away', async (_, bytes) => {
  const { proxy, socket } = await answered(bytes);
  await write(socket);
  // Whatever it does behind that answer is done by now.
  await proxy.call('/');
  await write(socket);
  expect(await write(socket)).toBe(true);
});

test('behind the last answer a client that stays is waited for no longer than two seconds', async () => {
  const { clock, proxy, socket } = await answered('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await proxy.call('/');
  clock.advance(2500);
  while (await write(socket));
});
