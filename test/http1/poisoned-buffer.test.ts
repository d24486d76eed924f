import { createHash } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { startProxy } from '../support/proxy.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';
import { askForTunnel, behindHead, SWITCHING } from '../support/tunnel.ts';

/** What a socket read is written over as soon as its turn is over: a forgotten copy shows. */
const turns = vi.hoisted(() => ({ poisoned: 0 }));

vi.mock(import('node:net'), async (original) => {
  const net = await original();
  const connect = (options: { onread?: { buffer: Buffer; callback: (length: number, buffer: Buffer) => boolean } }) => {
    const { onread } = options;
    if (onread === undefined) return net.connect(options as never);
    const callback = (length: number, buffer: Buffer): boolean => {
      const goOn = onread.callback(length, buffer);
      onread.buffer.fill('!');
      turns.poisoned += 1;
      return goOn;
    };
    return net.connect({ ...options, onread: { ...onread, callback } } as never);
  };
  return { ...net, connect: connect as unknown as typeof net.connect };
});

/** Bytes that say where they stand. */
function content(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i += 1) bytes[i] = (i * 31 + (i >> 8) * 17) & 0xff;
  return bytes;
}

test.each([
  ['of known length', 3_000_000, false],
  ['chunked', 3_000_000, true],
  ['small', 100, false],
])('what is kept of an answer is a copy: %s', async (_name, length, chunked) => {
  const body = content(length);
  const api = await startRawApi(async (connection) => {
    let at = 0;
    for (let count = 1; ; count += 1) {
      await connection.until((text) => hasHead(text.slice(at)));
      at = connection.received.length;
      const fields = `X-Count: ${count}\r\nX-Long: ${'v'.repeat(3000)}\r\n`;
      if (!chunked) {
        connection.socket.write(`HTTP/1.1 200 OK\r\n${fields}Content-Length: ${length}\r\n\r\n`);
        connection.socket.write(body);
        continue;
      }
      connection.socket.write(`HTTP/1.1 200 OK\r\n${fields}Transfer-Encoding: chunked\r\n\r\n`);
      for (let from = 0; from < length; from += 1777) {
        const piece = body.subarray(from, from + 1777);
        connection.socket.write(`${piece.length.toString(16)}\r\n`);
        connection.socket.write(piece);
        connection.socket.write('\r\n');
      }
      connection.socket.write('0\r\nX-Trailer: t\r\n\r\n');
    }
  });
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  const before = turns.poisoned;
  for (let round = 1; round <= 3; round += 1) {
    const replies = await Promise.all([1, 2, 3].map(() => proxy.call('/api/x')));
    for (const reply of replies) {
      expect(createHash('sha256').update(reply.body).digest('hex')).toBe(
        createHash('sha256').update(body).digest('hex'),
      );
      expect(reply.headers['x-long']).toBe('v'.repeat(3000));
      if (chunked) expect(reply.trailers['x-trailer']).toBe('t');
    }
  }
  expect(turns.poisoned - before).toBeGreaterThanOrEqual(9);
});

test('what goes through a tunnel is a copy, what stands behind the 101 too', async () => {
  const bytes = content(3_000_000);
  const { proxy, client, end } = await askForTunnel();
  const before = turns.poisoned;
  client.socket.pause();
  end.socket.write(SWITCHING);
  end.socket.write(bytes);
  // Other answers are read into the same buffer meanwhile.
  const other = await askForTunnel();
  other.end.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  await other.client.until((text) => text.endsWith('ok'));
  client.socket.resume();
  const received = behindHead(await client.until((text) => behindHead(text).length === bytes.length));
  expect(createHash('sha256').update(Buffer.from(received, 'latin1')).digest('hex')).toBe(
    createHash('sha256').update(bytes).digest('hex'),
  );
  expect(turns.poisoned - before).toBeGreaterThanOrEqual(9);
  client.socket.end();
  end.socket.end();
  await proxy.served(1);
});
