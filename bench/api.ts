/** The API and the token endpoint of the bench: as little work as an answer can be. Prints its ports; that with TLS only if a certificate is given. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { LARGE } from './transfer.ts';
import { accepted, echo } from './websocket.ts';

const [, , certificate, key] = process.argv;
const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n';
const answerOf = (length: number): Buffer =>
  Buffer.from(`${head}Content-Length: ${length}\r\n\r\n${'x'.repeat(length)}`);
const small = answerOf(110);
const megabyte = answerOf(1024 * 1024);
const token = JSON.stringify({ access_token: 'bench-token', token_type: 'Bearer', expires_in: 86_400 });
const tokenAnswer = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${token.length}\r\n\r\n${token}`;
const piece = Buffer.alloc(65_536, 'x');

/** Requests come one by one, each head in one piece; tokens are asked for on connections that end. */
function serve(socket: Socket): void {
  /** Bytes of a body that are still to come. */
  let left = 0;
  /** Of a WebSocket: what came of a message that is not whole. */
  let message: Buffer | undefined;
  const requested = (chunk: Buffer): void => {
    // Most are these: whatever else there is to look at would be counted with them.
    if (chunk.toString('latin1', 0, 6) === 'GET /x') {
      socket.write(small);
      return;
    }
    const end = chunk.indexOf('\r\n\r\n') + 4;
    const text = chunk.toString('latin1', 0, end);
    if (/^upgrade: websocket/im.test(text)) {
      message = Buffer.alloc(0);
      socket.write(accepted(text));
    } else if (text.startsWith('POST /token')) socket.end(tokenAnswer);
    else if (text.startsWith('GET /100')) sendLarge(socket);
    else if (text.startsWith('GET /1m')) socket.write(megabyte);
    else {
      left = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0) - (chunk.length - end);
      if (left <= 0) socket.write(small);
    }
  };
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    if (message !== undefined) message = echo(message.length === 0 ? chunk : Buffer.concat([message, chunk]), socket);
    else if (left > 0) {
      left -= chunk.length;
      if (left <= 0) socket.write(small);
    } else requested(chunk);
  });
}

function sendLarge(socket: Socket): void {
  let left = LARGE;
  const more = (): void => {
    while (left > 0) {
      left -= piece.length;
      if (!socket.write(piece)) return;
    }
    socket.off('drain', more);
  };
  socket.on('drain', more);
  socket.write(`${head}Content-Length: ${LARGE}\r\n\r\n`);
  more();
}

type Listening = ReturnType<typeof createServer> | ReturnType<typeof createTlsServer>;

/** More than any load has: who is not heard knocks again after a second, and that would be counted. */
const MOST_WAITING = 4096;

async function portOf(server: Listening): Promise<number> {
  await once(server.listen({ port: 0, host: '127.0.0.1', backlog: MOST_WAITING }), 'listening');
  // It listens on TCP.
  return (server.address() as AddressInfo).port;
}

const plain = await portOf(createServer({ noDelay: true }, serve));
const tls =
  certificate === undefined || key === undefined
    ? undefined
    : await portOf(createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key), noDelay: true }, serve));
process.stdout.write(`${JSON.stringify({ plain, tls })}\n`);
