/** Messages, and what makes hostile ones of them. */
import type { Random } from '../support/random.ts';

export const requests = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /a?b=c HTTP/1.1\r\nHost: a\r\nX:  y z \r\nEmpty:\r\n\r\nrest',
  'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n',
  'PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n0\r\n\r\n',
  'GET http://h:1/p HTTP/1.0\r\nhost: h\r\nConnection: keep-alive\r\n\r\n',
  'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n',
  '\r\nOPTIONS /x HTTP/1.1\r\nHOST:\ta\r\nExpect: 100-continue\r\nTE: trailers\r\n\r\n',
];
export const answers = [
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n0\r\n\r\n',
  'HTTP/1.0 200 \r\nServer: a\r\n\r\nall of it',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
];
export const bodies = [
  '5\r\nhello\r\n0\r\n\r\n',
  '3;a=b\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX: y\r\nZ: w\r\n\r\nnext',
  '1\r\na\r\n1\r\nb\r\n000\r\n\r\n',
];
const pieces = [
  ...['\r', '\n', '\r\n', '\r\n\r\n', ' ', '\t', ':', ';', ',', '\0', '\x7f', '\xff', '#', '0', 'f', 'g', '-', '+'],
  ...['HTTP/1.1', 'HTTP/2.0', 'Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: gzip\r\n'],
  ...['Host: b\r\n', 'X: y\r\n', 'chunked', '99999999999999999', '0x1', 'x'.repeat(300), 'X: y\r\n'.repeat(13), ' a'],
];

/** With up to three changes, each one that parsers have stumbled over. */
export function mutated(text: string, random: Random): string {
  let result = text;
  for (let times = random(4); times > 0; times -= 1) {
    const at = random(result.length + 1);
    const to = Math.min(result.length, at + random(4));
    const piece = random(3) === 0 ? String.fromCharCode(random(256)) : (pieces[random(pieces.length)] ?? '');
    const swap = [result.slice(0, at) + piece + result.slice(at), result.slice(0, at) + result.slice(to)];
    result = swap[random(2)] ?? result;
    if (random(3) === 0) result = result.slice(0, at) + piece + result.slice(to);
  }
  return result;
}
