/** 100 MiB through a proxy, either way, on one connection. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Program } from './processes.ts';

/** Bytes. */
export const LARGE = 100 * 1024 * 1024;
/** Long enough for any that works. Milliseconds. */
const LATE_MS = 30_000;
const piece = Buffer.alloc(65_536, 'x');

export interface Transfer {
  readonly seconds: number;
  /** What the proxy took at most on top of what it took before. */
  readonly growthMiB: number;
}

export async function transfer(program: Program, port: number, way: 'down' | 'up'): Promise<Transfer> {
  const before = program.usage().memoryMiB;
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, program.usage().memoryMiB);
  }, 10);
  const began = performance.now();
  await (way === 'down' ? download(port) : upload(port)).finally(() => clearInterval(watch));
  const seconds = (performance.now() - began) / 1000;
  most = Math.max(most, program.usage().memoryMiB);
  return { seconds, growthMiB: most - before };
}

async function download(port: number): Promise<void> {
  const socket = open(port);
  socket.write('GET /api/100 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  let received = 0;
  for await (const chunk of socket) {
    received += chunk.length;
    // A head is longer than nothing, so that this is over when the body is, or a little before.
    if (received > LARGE) return;
  }
  throw new Error(`${received} bytes of ${LARGE} came`);
}

async function upload(port: number): Promise<void> {
  const socket = open(port);
  socket.write(
    `PUT /api/100 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\nContent-Length: ${LARGE}\r\n\r\n`,
  );
  const answered = once(socket, 'data');
  for (let left = LARGE; left > 0; left -= piece.length) {
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), answered]);
  }
  const [answer] = await answered;
  socket.destroy();
  if (!String(answer).startsWith('HTTP/1.1 200 ')) throw new Error(`an upload was answered with ${answer}`);
}

function open(port: number) {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  return socket.setTimeout(LATE_MS, () => socket.destroy(new Error('a transfer got stuck')));
}
