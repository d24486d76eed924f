import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { listening } from '../support/server.ts';
import { readRequest } from './readings.ts';

const head = (line: string, ...fields: string[]) => `${[line, 'Host: a', ...fields].join('\r\n')}\r\n\r\n`;

/** What node:http takes and we do not, and the reverse; each with its reason. */
const differences: readonly (readonly [why: string, bytes: string, node: boolean, ours: boolean])[] = [
  ['RFC 9112 §3.2: one Host; Node takes the first', head('GET / HTTP/1.1', 'Host: b'), true, false],
  [
    'RFC 9112 §6.1: HTTP/1.0 has no codings',
    `${head('POST / HTTP/1.0', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    true,
    false,
  ],
  [
    'RFC 9112 §7: a coding other than chunked',
    `${head('POST / HTTP/1.1', 'Transfer-Encoding: gzip, chunked')}0\r\n\r\n`,
    true,
    false,
  ],
  ['RFC 9112 §3.2: a fragment is not sent', head('GET /a#b HTTP/1.1'), true, false],
  ['RFC 9112 §2.3: another version', head('GET / HTTP/2.0'), true, false],
  ['RFC 9112 §2.3: HTTP/0.9 has no fields', head('GET / HTTP/0.9'), true, false],
  ['RFC 9112 §2.3: another protocol', head('OPTIONS / RTSP/1.0'), true, false],
  ['OPTIONS * is of no use to a proxy', head('OPTIONS * HTTP/1.1'), true, false],
  ['limits.headerCount', head('GET / HTTP/1.1', ...Array.from({ length: 20 }, () => 'X: y')), true, false],
  ['limits.headerSize', head('GET / HTTP/1.1', `X: ${'y'.repeat(4000)}`), true, false],
  ['limits.targetSize', head(`GET /${'y'.repeat(600)} HTTP/1.1`), true, false],
  ['any token is a method', head('TRACK / HTTP/1.1'), false, true],
  ['any token is a method', head('get / HTTP/1.1'), false, true],
];

/** Both agree on these. */
const alike: readonly (readonly [bytes: string, taken: boolean])[] = [
  [head('GET / HTTP/1.1'), true],
  [head('GET http://a/b HTTP/1.1'), true],
  [head('GET /?\xe9 HTTP/1.1'), false],
  [head('GET / HTTP/1.1', 'X: \xe9'), true],
  [head('GET / HTTP/1.1', 'X:'), true],
  [head('GET / HTTP/1.1', 'X : y'), false],
  [head('GET / HTTP/1.1', 'X: y', ' z'), false],
  [head('GET / HTTP/1.1', 'X: a\0b'), false],
  [head('GET / HTTP/1.1', 'Content-Length: 1', 'Content-Length: 1'), false],
  [head('GET / HTTP/1.1', 'Content-Length: -1'), false],
  [head('GET / HTTP/1.1', 'Content-Length: 1', 'Transfer-Encoding: chunked'), false],
  [head('GET / HTTP/1.1').replaceAll('\r\n', '\n'), false],
  [head('G(T / HTTP/1.1'), false],
  [`\r\n${head('GET / HTTP/1.1')}`, true],
  ['\x16\x03\x01\x02\x00', false],
];

async function nodeTakes(bytes: string): Promise<boolean> {
  const server = createServer({ maxHeaderSize: 65_536 }, (_, response) => response.end());
  const port = await listening(server);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const verdict = Promise.withResolvers<boolean>();
  server.on('request', () => verdict.resolve(true));
  server.on('connect', () => verdict.resolve(true));
  server.on('clientError', (_, socket) => {
    socket.destroy();
    verdict.resolve(false);
  });
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(bytes, 'latin1');
  const taken = await verdict.promise;
  socket.destroy();
  return taken;
}

function weTake(bytes: string): boolean {
  const reading = readRequest(Buffer.from(bytes, 'latin1'));
  return typeof reading === 'object' && 'read' in reading;
}

test.each(differences)('differs from node:http, and why: %s', async (_why, bytes, node, ours) => {
  expect({ node: await nodeTakes(bytes), ours: weTake(bytes) }).toEqual({ node, ours });
});

test.each(alike)('is read as node:http reads it: %j', async (bytes, taken) => {
  expect({ node: await nodeTakes(bytes), ours: weTake(bytes) }).toEqual({ node: taken, ours: taken });
});
