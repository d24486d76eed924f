/** WebSocket messages of 100 bytes through a proxy and back: on each connection the next one follows the last one's echo. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Strike } from './strike.ts';

const CONNECTIONS = 64;
const PAYLOAD = 100;
/** RFC 6455 §5.2: final, binary; a client's is masked, here by nothing. */
const fromClient = Buffer.concat([Buffer.from([0x82, 0x80 | PAYLOAD, 0, 0, 0, 0]), Buffer.alloc(PAYLOAD, 'x')]);
const MASKED = fromClient.length;
const ECHOED = 2 + PAYLOAD;
const key = Buffer.alloc(16, 'k').toString('base64');

/** RFC 6455 §4.2.2. */
export function accepted(head: string): string {
  const [, asked = ''] = /^sec-websocket-key: *(\S+)/im.exec(head) ?? [];
  const accept = createHash('sha1').update(`${asked}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** The API's end: sends each message back. Takes the bytes that came, and returns what is left of them. */
export function echo(bytes: Buffer, socket: Socket): Buffer {
  let at = 0;
  for (; bytes.length - at >= MASKED; at += MASKED) {
    const answer = Buffer.alloc(ECHOED);
    answer.set([0x82, PAYLOAD]);
    for (let i = 0; i < PAYLOAD; i += 1) answer[2 + i] = (bytes[at + 6 + i] ?? 0) ^ (bytes[at + 2 + (i % 4)] ?? 0);
    socket.write(answer);
  }
  return bytes.subarray(at);
}

export async function strikeMessages(port: number, seconds: number): Promise<Strike> {
  const all = await Promise.all(Array.from({ length: CONNECTIONS }, () => opened(port)));
  const times: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  await Promise.all(all.map((socket) => converse(socket, endMs, times)));
  for (const socket of all) socket.destroy();
  const sorted = times.toSorted((a, b) => a - b);
  const share = (part: number): number => (sorted[Math.floor(sorted.length * part)] ?? 0) * 1000;
  return { count: times.length, rate: times.length / seconds, p50Us: share(0.5), p99Us: share(0.99) };
}

async function opened(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const handshake = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}`;
  socket.write(`GET /api/ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${handshake}\r\n\r\n`);
  const [answer] = await once(socket, 'data');
  if (!String(answer).startsWith('HTTP/1.1 101 ')) throw new Error(`an upgrade was answered with ${answer}`);
  return socket;
}

function converse(socket: Socket, endMs: number, times: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let sentMs = 0;
    let missing = 0;
    const send = (): void => {
      sentMs = performance.now();
      missing = ECHOED;
      if (sentMs > endMs) resolve();
      else socket.write(fromClient);
    };
    socket.on('error', reject).on('close', () => reject(new Error('a WebSocket was closed')));
    socket.on('data', (chunk: Buffer) => {
      missing -= chunk.length;
      if (missing > 0) return;
      times.push(performance.now() - sentMs);
      send();
    });
    send();
  });
}
