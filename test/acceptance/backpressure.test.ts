import type { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { connectRaw, type RawConnection } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';

const MIB = 1024 * 1024;
const SIZE = 64 * MIB;
/** What the sockets of this machine and the buffers on the way may hold, and far less than all. */
const MOST_ON_THE_WAY = 32 * MIB;
const PIECE = Buffer.alloc(64 * 1024, 'x');

/** Writes as fast as it is taken. `stuck` resolves when it is taken no more for the first time. */
function pour(into: Writable): { readonly written: () => number; readonly stuck: Promise<void> } {
  let written = 0;
  const stuck = Promise.withResolvers<void>();
  const write = (): void => {
    while (written < SIZE) {
      written += PIECE.length;
      if (into.write(PIECE)) continue;
      stuck.resolve();
      return;
    }
    into.end();
  };
  into.on('drain', write);
  write();
  return { written: () => written, stuck: stuck.promise };
}

/** Requests there and back beside it: what could move meanwhile has moved. */
async function meanwhile(client: RawConnection): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const before = client.received.length;
    client.send('GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await client.until((text) => text.slice(before).includes('no_route'));
  }
}

test('U23, C09 a client that does not read its download holds the API back, and gets all of it in the end', async () => {
  const api = await startApi();
  const pouring = Promise.withResolvers<ReturnType<typeof pour>>();
  api.behaveOnce((_, response) => {
    response.writeHead(200, { 'content-length': SIZE });
    pouring.resolve(pour(response));
  });
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  const client = await connectRaw(proxy.port);
  client.socket.pause();
  client.send('GET /api/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  const { written, stuck } = await pouring.promise;
  await stuck;
  await meanwhile(await connectRaw(proxy.port));

  expect(written()).toBeLessThan(MOST_ON_THE_WAY);

  let received = 0;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  client.socket.resume();
  await client.toEnd();
  expect(received).toBeGreaterThan(SIZE);
  expect(await proxy.served(1)).toContainEqual(expect.objectContaining({ bytesOut: SIZE, status: 200 }));
});

test.each([
  ['of known length', `Content-Length: ${SIZE}`],
  ['chunked', 'Transfer-Encoding: chunked'],
])('an API that does not read its upload holds the client back: %s', async (_name, framing) => {
  const provider = await startIdentityProvider();
  const api = await startRawApi((connection) => {
    connection.socket.pause();
  });
  const proxy = await startProxy(oneRoute({ url: api.url }, provider));
  await provider.requested(1);
  const client = await connectRaw(proxy.port);
  client.send(`POST /api/x HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n`);
  if (framing.startsWith('Transfer')) client.send(`${SIZE.toString(16)}\r\n`);
  const { written, stuck } = pour(client.socket);
  await Promise.all([stuck, api.connection()]);
  await meanwhile(await connectRaw(proxy.port));

  expect(written()).toBeLessThan(MOST_ON_THE_WAY);
});

test('a slow client gets a chunked answer whole', async () => {
  const api = await startRawApi(async (connection) => {
    await connection.until(hasHead);
    connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let i = 0; i < 64; i++) connection.send(`10000\r\n${'x'.repeat(65_536)}\r\n`);
    connection.send('0\r\n\r\n');
  });
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  const client = await connectRaw(proxy.port);
  client.socket.pause();
  client.send('GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await meanwhile(await connectRaw(proxy.port));
  client.socket.resume();
  const received = await client.until((text) => text.endsWith('\r\n0\r\n\r\n'));
  expect(received.length).toBeGreaterThan(4 * MIB);
});
