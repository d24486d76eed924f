/**
 * nodejs/undici#5360: an answer whose connection ends while a slow client holds it back killed the process.
 * That version 8 takes such an answer for a broken one is shown in test/proxy/upstream.test.ts.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { connectRaw } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';

/** Less than one read of a socket, more than that, and more than all buffers on the way. Bytes. */
const sizes = [20_000, 60_000, 100_000, 8_000_000];

const cases = sizes.flatMap((size) => [
  [size, 'Connection: close, of known length', `Connection: close\r\nContent-Length: ${size}\r\n`] as const,
  [size, 'Connection: close, as long as the connection', 'Connection: close\r\n'] as const,
  [size, 'keep-alive, of known length', `Content-Length: ${size}\r\n`] as const,
]);

test.each(cases)('an API that closes while a slow client holds %i bytes back: %s', async (size, _name, fields) => {
  const api = await startRawApi(async (connection) => {
    await connection.until(hasHead);
    connection.send(`HTTP/1.1 200 OK\r\n${fields}\r\n`);
    connection.send(Buffer.alloc(size, 'x'));
    connection.socket.end();
  });
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  const socket = connect({ host: '127.0.0.1', port: proxy.port });
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  socket.write('GET /api/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');

  // Slow: takes a piece, then lets a request of somebody else pass before the next one.
  const other = await connectRaw(proxy.port);
  let received = 0;
  let head = '';
  for await (const chunk of socket) {
    if (head === '') head = chunk.toString('latin1');
    received += chunk.length;
    const before = other.received.length;
    other.send('GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await other.until((text) => text.slice(before).includes('no_route'));
  }

  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(received).toBeGreaterThan(size);
  const record = (await proxy.served(1)).find(({ path }) => path === '/api/x');
  expect(record).toMatchObject({ status: 200, bytesOut: size });
  expect(record).not.toHaveProperty('error');
});
