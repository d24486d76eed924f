import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Handler, InboundBody } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { Listener } from '../../src/http1/server.ts';
import { connectRaw, type RawConnection } from '../support/client.ts';
import { hasHead } from '../support/raw-api.ts';
import { handshake, openTunnel } from '../support/tunnel.ts';

describe('a side that takes nothing holds the other back', () => {
  const LARGE = 64 * 1024 * 1024;
  /** What may be on its way: what the kernel holds for four sockets, and a little of ours. */
  const MOST = 32 * 1024 * 1024;

  async function turns(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise((next) => setImmediate(next));
  }

  /** Sends all of `bytes` on one end while the other takes nothing; then it does. */
  async function heldBack(from: RawConnection, to: RawConnection): Promise<void> {
    const bytes = randomBytes(LARGE);
    to.socket.removeAllListeners('data').pause();
    from.socket.write(bytes);
    let quiet = 0;
    let left = -1;
    await turns(() => {
      const now = from.socket.bytesWritten - from.socket.writableLength;
      quiet = now === left ? quiet + 1 : 0;
      left = now;
      return left > 0 && quiet > 200;
    });
    expect(left).toBeLessThan(MOST);
    const hash = createHash('sha256');
    let length = 0;
    const all = new Promise<void>((resolve) => {
      to.socket.on('data', (chunk: Buffer) => {
        hash.update(chunk);
        length += chunk.length;
        if (length >= LARGE) resolve();
      });
    });
    to.socket.resume();
    await all;
    expect(length).toBe(LARGE);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  }

  test('the client, when the API takes nothing', async () => {
    const { client, end } = await openTunnel();
    await heldBack(client, end);
  });

  test('the API, when the client takes nothing', async () => {
    const { client, end } = await openTunnel();
    await heldBack(end, client);
  });

  test('and an end behind all that comes behind it', async () => {
    const { client, end } = await openTunnel();
    const before = end.received.length;
    end.socket.pause();
    client.socket.end(Buffer.alloc(LARGE));
    end.socket.end('bye');
    await client.until((text) => text.endsWith('bye'));
    let length = before;
    end.socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
      length += chunk.length;
    });
    const ended = once(end.socket, 'end');
    end.socket.resume();
    await ended;
    expect(length - before).toBe(LARGE);
  });
});

test('an end that comes while its side is held back is told behind the bytes before it', async () => {
  const told: string[] = [];
  const began = Promise.withResolvers<InboundBody>();
  const over = Promise.withResolvers<void>();
  const handler: Handler = {
    serve({ upgrade }, answer) {
      const flow = { resume: () => {}, cancel: () => {} };
      answer.head({ status: 101, reason: '', fields: Fields.none, protocol: 'x' }, flow);
      answer.end(Fields.none);
      upgrade?.bytes.read({
        data(chunk) {
          told.push(String(chunk));
          upgrade.bytes.pause();
          began.resolve(upgrade.bytes);
        },
        end() {
          told.push('its end');
          over.resolve();
        },
        fail: (failure) => over.reject(failure),
      });
    },
    refuse: () => {},
  };
  const limits = { headerSize: 16_384, headerCount: 100, targetSize: 8192, headersTimeout: 30_000 };
  const listener = new Listener(handler, { at: { host: '127.0.0.1', port: 0 }, limits, clock: systemClock });
  const port = (await listener.listen()) ?? 0;
  onTestFinished(() => listener.cut());
  const client = await connectRaw(port);
  client.send(handshake());
  await client.until(hasHead);
  client.send('one');
  const bytes = await began.promise;
  client.socket.end('two');
  await once(client.socket, 'finish');
  for (let i = 0; i < 50; i += 1) await new Promise((next) => setImmediate(next));
  expect(told).toEqual(['one']);
  bytes.resume();
  // Each one is held back again.
  while (told.length < 2) await new Promise((next) => setImmediate(next));
  bytes.resume();
  await over.promise;
  expect(told).toEqual(['one', 'two', 'its end']);
});
