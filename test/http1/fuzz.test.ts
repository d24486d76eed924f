import { expect, test } from 'vitest';
import { randomFrom } from '../support/random.ts';
import { answerByGrammar, chunkedByGrammar, requestByGrammar } from './oracle.ts';
import { type Cuts, type Reading, readAnswer, readChunked, readRequest } from './readings.ts';

/** `npm run security` makes it 300,000. */
const MUTATIONS = Number(process.env['BEARERWAY_FUZZ'] ?? 15_000);
const SEED = Number(process.env['BEARERWAY_SEED'] ?? 20_261_121);

const requests = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /a?b=c HTTP/1.1\r\nHost: a\r\nX:  y z \r\nEmpty:\r\n\r\nrest',
  'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n',
  'PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n0\r\n\r\n',
  'GET http://h:1/p HTTP/1.0\r\nhost: h\r\nConnection: keep-alive\r\n\r\n',
  'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n',
  '\r\nOPTIONS /x HTTP/1.1\r\nHOST:\ta\r\nExpect: 100-continue\r\nTE: trailers\r\n\r\n',
];
const answers = [
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n0\r\n\r\n',
  'HTTP/1.0 200 \r\nServer: a\r\n\r\nall of it',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
];
const bodies = [
  '5\r\nhello\r\n0\r\n\r\n',
  '3;a=b\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX: y\r\nZ: w\r\n\r\nnext',
  '1\r\na\r\n1\r\nb\r\n000\r\n\r\n',
];
const pieces = [
  ...['\r', '\n', '\r\n', '\r\n\r\n', ' ', '\t', ':', ';', ',', '\0', '\x7f', '\xff', '#', '0', 'f', 'g', '-', '+'],
  ...['HTTP/1.1', 'HTTP/2.0', 'Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: gzip\r\n'],
  ...['Host: b\r\n', 'X: y\r\n', 'chunked', '99999999999999999', '0x1', 'x'.repeat(300), 'X: y\r\n'.repeat(13), ' a'],
];

/** So much that the end of a head in front of it is looked for. */
const more = Buffer.from(`${'z'.repeat(3000)}\r\n\r\nGET ${'z'.repeat(3000)}`);

function mutated(text: string, random: (below: number) => number): string {
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

function agree(reading: Reading, expected: { readonly end: number } | undefined, name: string): void {
  if (expected === undefined) expect(typeof reading === 'object' && 'read' in reading, name).toBe(false);
  else expect(reading, name).toEqual(expected);
}

function content(reading: Reading): Reading {
  if (typeof reading === 'string' || 'refused' in reading) return reading;
  // The oracle knows of no trailers that may not be there; it tells of content alone.
  return { ...(reading.read as { content: string }), end: reading.end } as unknown as Reading;
}

test(`${MUTATIONS} mutations: what is read is what the grammar says, and the packets make no difference`, () => {
  const random = randomFrom(SEED);
  let accepted = 0;
  for (let i = 0; i < MUTATIONS; i += 1) {
    const [seeds, read, byGrammar] = (
      [
        [requests, readRequest, requestByGrammar],
        [answers, readAnswer, answerByGrammar],
        [bodies, readChunked, chunkedByGrammar],
      ] as const
    )[i % 3] as readonly [
      readonly string[],
      (bytes: Buffer, cuts?: Cuts) => Reading,
      (text: string) => { end: number } | undefined,
    ];
    const text = mutated(seeds[random(seeds.length)] ?? '', random);
    const bytes = Buffer.from(text, 'latin1');
    const whole = read(bytes);
    const name = JSON.stringify(text);
    const expected = byGrammar(text);
    if (expected !== undefined) accepted += 1;
    if (read === readChunked) {
      const told = content(whole);
      if (expected === undefined) agree(whole, undefined, name);
      else expect(told, name).toMatchObject(expected);
    } else agree(whole, expected, name);
    const cuts = Array.from({ length: 1 + random(4) }, () => random(bytes.length + 1));
    expect(read(bytes, cuts), name).toEqual(whole);
    if (i % 10 === 0) expect(read(bytes, [...bytes.keys()]), name).toEqual(whole);
    if (i % 10 === 1) {
      const long = Buffer.concat([bytes, more]);
      const inSmall = Array.from({ length: long.length / 1000 }, (_, index) => index * 1000);
      expect(read(long, cuts), name).toEqual(read(long, inSmall));
      expect(read(long), name).toEqual(read(long, inSmall));
    }
  }
  expect(accepted).toBeGreaterThan(MUTATIONS / 20);
});
