/** The API and the token endpoint of the bench: as little work as an answer can be. Prints its ports. */
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { LARGE } from './transfer.ts';

const [, , certificate, key] = process.argv;
const body = 'x'.repeat(110);
const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n';
const answer = Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
const token = JSON.stringify({ access_token: 'bench-token', token_type: 'Bearer', expires_in: 86_400 });
const tokenAnswer = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${token.length}\r\n\r\n${token}`;
const piece = Buffer.alloc(65_536, 'x');

/** Every request ends with its head, but for those for a token, whose connections are new and end, and for uploads. */
function serve(socket: Socket): void {
  /** Bytes of an upload that are still to come. */
  let left = 0;
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    if (left > 0) {
      left -= chunk.length;
      if (left <= 0) socket.write(answer);
      return;
    }
    const method = chunk.subarray(0, 5).toString('latin1');
    if (method === 'POST ') socket.end(tokenAnswer);
    else if (method === 'PUT /') left = LARGE - (chunk.length - chunk.indexOf('\r\n\r\n') - 4);
    else if (chunk.subarray(0, 8).toString('latin1') === 'GET /100') sendLarge(socket);
    else if (chunk.subarray(-4).toString('latin1') === '\r\n\r\n') socket.write(answer);
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

const plain = createServer({ noDelay: true }, serve).listen(0, '127.0.0.1', () => {
  const secure = createTlsServer(
    { cert: readFileSync(certificate ?? ''), key: readFileSync(key ?? ''), noDelay: true },
    serve,
  ).listen(0, '127.0.0.1', () => {
    // Both listen on TCP.
    const port = (server: typeof plain | typeof secure) => (server.address() as AddressInfo).port;
    process.stdout.write(`${JSON.stringify({ plain: port(plain), tls: port(secure) })}\n`);
  });
});
