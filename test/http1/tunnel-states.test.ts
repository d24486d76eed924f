import type { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { RawConnection } from '../support/client.ts';
import { connectRaw } from '../support/client.ts';
import { count as tell } from '../support/counts.ts';
import { startProxy } from '../support/proxy.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';
import { behindHead, handshake, SWITCHING } from '../support/tunnel.ts';

/** `npm run security` makes it more. */
const TUNNELS = Math.ceil(Number(process.env['BEARERWAY_ABORTS'] ?? 600) / 4);

/** Numbers below `bound`, the same ones for the same seed (mulberry32). */
function numbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

/** What a side has sent, and whether it ended as one should. */
interface Side {
  sent: string;
  ended: boolean;
}

/** One thing that a side can do. */
function act(connection: RawConnection, side: Side, next: (bound: number) => number): void {
  const { socket } = connection;
  if (side.ended || socket.destroyed) return;
  const what = next(100);
  if (what < 60) {
    const bytes = String.fromCharCode(97 + next(26)).repeat(1 + next(what < 5 ? 200_000 : 500));
    side.sent += bytes;
    connection.send(bytes);
  } else if (what < 70) socket.pause();
  else if (what < 85) socket.resume();
  else if (what < 95) {
    side.ended = true;
    socket.end();
  } else if (what < 98) {
    side.ended = true;
    socket.resetAndDestroy();
  } else {
    side.ended = true;
    socket.destroy();
  }
}

function wasCut({ errored }: Socket): boolean {
  return errored !== null;
}

test(`${TUNNELS} tunnels in which anything happens lose no byte, mix none, are told of once, and leave nothing behind`, async () => {
  const api = await startRawApi();
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url, connections: 8 }] });
  const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCPSocketWrap')).length;
  const before = sockets();
  let count = 0;
  let clean = 0;

  async function one(seed: number): Promise<void> {
    const next = numbers(seed);
    const client = await connectRaw(proxy.port);
    const early = 'e'.repeat(next(2) * next(1000));
    client.send(handshake(`X-Seed: ${seed}`) + early);
    const end = await theOne(seed);
    const sides: [Side, Side] = [
      { sent: early, ended: false },
      { sent: '', ended: false },
    ];
    end.send(SWITCHING);
    // A client that ends before it has left.
    await client.until(hasHead);
    const ends = [client, end] as const;
    for (let turn = 0; turn < 60; turn += 1) {
      const who = next(2) as 0 | 1;
      act(ends[who], sides[who], next);
      if (next(3) === 0) await new Promise((go) => setImmediate(go));
    }
    for (const [i, { socket }] of ends.entries()) {
      socket.resume();
      if (!(sides[i] as Side).ended) socket.end();
    }
    await Promise.all(ends.map((each) => closed(each.socket)));
    const [fromApi, fromClient] = [behindHead(client.received), behindHead(end.received)];
    expect(sides[1].sent.startsWith(fromApi)).toBe(true);
    expect(sides[0].sent.startsWith(fromClient)).toBe(true);
    // Where nobody was cut, nothing is missing.
    if (ends.every(({ socket }) => !wasCut(socket) && socket.readableEnded && socket.writableFinished)) {
      expect([fromApi.length, fromClient.length]).toEqual([sides[1].sent.length, sides[0].sent.length]);
      clean += 1;
    }
    count += 1;
  }

  /** The API's end of the tunnel with that seed. */
  async function theOne(seed: number): Promise<RawConnection> {
    for (;;) {
      const found = api.connections.find(({ received }) => received.includes(`X-Seed: ${seed}\r\n`));
      if (found !== undefined) return found;
      await new Promise((next) => setImmediate(next));
    }
  }

  onTestFinished(() => tell(`interleavings of tunnels (${clean} ended on both sides)`, count));
  let left = TUNNELS;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let seed = left--; seed > 0; seed = left--) await one(seed);
    }),
  );
  const lines = await proxy.served(TUNNELS);
  expect(lines).toHaveLength(TUNNELS);
  expect(new Set(lines.map(({ status }) => status))).toEqual(new Set([101]));
  expect(count).toBe(TUNNELS);
  await proxy.stop();
  while (sockets() > before) await new Promise((next) => setImmediate(next));
});

async function closed(socket: Socket): Promise<void> {
  if (socket.closed) return;
  await new Promise((resolve) => socket.once('close', resolve));
}
