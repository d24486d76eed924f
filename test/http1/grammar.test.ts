import { describe, expect, test } from 'vitest';
import { type Reading, readAnswer, readChunked, readRequest } from './readings.ts';

/** Whole, and a byte at a time: the same. */
function both(read: (bytes: Buffer, cuts?: readonly number[]) => Reading, text: string): Reading {
  const bytes = Buffer.from(text, 'latin1');
  const whole = read(bytes);
  expect(read(bytes, [...bytes.keys()])).toEqual(whole);
  return whole;
}

const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const post = (...fields: string[]) => head('POST / HTTP/1.1', 'Host: a', ...fields);

describe('a request is refused in words', () => {
  test.each([
    ['two Content-Length fields', post('Content-Length: 1', 'Content-Length: 1')],
    ['the Content-Length is not a number', post('Content-Length: 1, 1')],
    ['the Content-Length is not a number', post('Content-Length: +1')],
    ['the Content-Length is not a number', post(`Content-Length: ${'1'.repeat(16)}`)],
    ['two Transfer-Encoding fields', post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
    ['Content-Length and Transfer-Encoding at once', post('Content-Length: 1', 'Transfer-Encoding: chunked')],
    ['a transfer coding other than chunked', post('Transfer-Encoding: gzip')],
    ['a Transfer-Encoding in HTTP/1.0', head('POST / HTTP/1.0', 'Host: a', 'Transfer-Encoding: chunked')],
    ['two Host fields', post('Host: a')],
    ['the Host field is missing', head('GET / HTTP/1.1', 'X: y')],
    ['folding is not taken', post('X: y', ' z')],
    ['a field line has no colon', post('X')],
    ['a field has no name', post(': y')],
    ['white space in a field name or in front of its colon', post('X : y')],
    ['a field name has a character', post('X\x01: y')],
    ['a field value has a character', post('X: a\x00b')],
    ['a CR that ends no line', post('X: a\rb')],
    ['a line ends without CR', 'GET / HTTP/1.1\nHost: a\n\n'],
    ['the method is not a token', head('G(T / HTTP/1.1')],
    ['TLS on a port for plain HTTP (http:// would be right, or listen.tls)', '\x16\x03\x01'],
    ['the method is not a token', '\x17\x03\x01'],
    ['the method is too long', head(`${'G'.repeat(65)} / HTTP/1.1`)],
    ['the request line is not', head('GET  / HTTP/1.1')],
    ['the version is malformed', head('GET / http/1.1')],
    ['version_unsupported', head('GET / HTTP/1.2')],
    ['the target has a fragment', head('GET /#a HTTP/1.1')],
    ['the target is neither a path nor an absolute URL', head('OPTIONS * HTTP/1.1')],
    ['the target has more than 512 bytes', head(`GET /${'x'.repeat(512)} HTTP/1.1`)],
    ['more than 12 fields', post(...Array.from({ length: 12 }, () => 'X: y'))],
    ['the fields have more than 2048 bytes', post(`X: ${'y'.repeat(2048)}`)],
  ])('%s', (words, text) => {
    expect(both(readRequest, text)).toEqual({ refused: expect.stringContaining(words) });
  });
});

test('white space around a value is no part of it, and fields keep their order, case and duplicates', () => {
  expect(both(readRequest, post('x-A: \t b c\t ', 'X-a:d', 'Empty:'))).toMatchObject({
    read: { lines: ['Host', 'a', 'x-A', 'b c', 'X-a', 'd', 'Empty', ''] },
  });
});

test('a head is as long as it is, whatever comes behind it', () => {
  expect(both(readRequest, `${post()}GET / HT`)).toMatchObject({ end: post().length });
});

describe('an answer is refused in words', () => {
  test.each([
    ['the status line is not one of HTTP/1.1', head('HTTP/2 200 OK')],
    ['the status is not a number from 100 to 599', head('HTTP/1.1 600 OK')],
    ['no space behind the status', head('HTTP/1.1 200')],
    ['the reason has a character', head('HTTP/1.1 200 a\x00b')],
    ['more than 100 fields', head('HTTP/1.1 200 OK', ...Array.from({ length: 101 }, () => 'X: y'))],
  ])('%s', (words, text) => {
    expect(both(readAnswer, text)).toEqual({ refused: expect.stringContaining(words) });
  });
});

describe('a chunked body is refused in words', () => {
  test.each([
    ['a chunk size is not 1 to 8 hexadecimal digits', '000000001\r\na\r\n'],
    ['a chunk size is not 1 to 8 hexadecimal digits', '0x1\r\n'.slice(1)],
    ['a chunk size is not 1 to 8 hexadecimal digits', '\r\n'],
    ['a chunk size has something behind it', '1 \r\na\r\n'],
    ['a chunk extension is too long', `1;${'x'.repeat(256)}\r\n`],
    ['too many chunk extensions', `1;${'x'.repeat(200)}\r\na\r\n`.repeat(90)],
    ['a chunk is longer than its size', '1\r\nab\r\n'],
    ['a line ends without CR', '1\na\n0\n\n'],
  ])('%s', (words, text) => {
    expect(both(readChunked, text)).toEqual({ refused: expect.stringContaining(words) });
  });

  test('fields that may not be trailers are dropped', () => {
    const text =
      '0\r\nX-Sum: 1\r\nContent-Length: 5\r\nAuthorization: a\r\ncontent_length: 1\r\nBearerway-Hop: x\r\n\r\n';
    expect(both(readChunked, text)).toMatchObject({ read: { content: '', trailers: ['X-Sum', '1'] } });
  });
});
