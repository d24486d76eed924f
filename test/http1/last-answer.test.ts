/** What becomes of a connection behind the last answer on it. */
import type { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Handler } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { Listener } from '../../src/http1/server.ts';
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

const LARGE = 64 * 1024 * 1024;
const OLD = 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n';

/** A client that has taken nothing of the answer to its request but a part of it stands in our queue, and all of it is over. */
async function untaken(bytes: string, fields: Fields) {
  const clock = new MovedClock();
  const over = Promise.withResolvers<void>();
  const handler: Handler = {
    serve(_, answer) {
      answer.head({ status: 200, reason: 'OK', fields }, { resume: () => {}, cancel: () => {} });
      answer.data(Buffer.alloc(LARGE));
      answer.end(Fields.none);
      over.resolve();
    },
    refuse: () => over.reject(new Error('it was no request')),
  };
  const limits = { headerSize: 16_384, headerCount: 100, targetSize: 8192, headersTimeout: 30_000 };
  const listener = new Listener(handler, { at: { host: '127.0.0.1', port: 0 }, limits, clock });
  onTestFinished(() => listener.cut());
  const client = await connectRaw((await listener.listen()) ?? 0);
  client.socket.pause();
  client.send(bytes);
  await over.promise;
  const ended = new Promise<string>((resolve) => {
    client.socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(`${code}`)).on('end', () => resolve('FIN'));
  });
  return { clock, listener, client, ended };
}

const cuts: Readonly<Record<string, (scene: Awaited<ReturnType<typeof untaken>>) => void>> = {
  'when the client has taken none of it for a minute': ({ clock }) => clock.advance(60_500),
  'when everything is cut off': ({ listener }) => listener.cut(),
};

test.each(Object.entries(cuts))('an answer that ends with its connection is reset %s', async (_, cut) => {
  const scene = await untaken(OLD, Fields.none);
  cut(scene);
  scene.client.socket.resume();
  expect(await scene.ended).toBe('ECONNRESET');
});

test.each(Object.entries(cuts))('one whose length is known is cut short %s', async (_, cut) => {
  const scene = await untaken(OLD, new Fields(['Content-Length', `${LARGE}`]));
  cut(scene);
  scene.client.socket.resume();
  expect(await scene.ended).toBe('FIN');
  expect(scene.client.received.length).toBeLessThan(LARGE);
});

test('behind the last answer a client that stays is waited for no longer than two seconds', async () => {
  const { clock, proxy, socket } = await answered('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await proxy.call('/');
  clock.advance(2500);
  while (await write(socket));
});
