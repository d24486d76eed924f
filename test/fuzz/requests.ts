/** Requests that are hostile at random: made of pieces, or of others' requests with changes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { mutated, requests } from '../http1/mutations.ts';
import type { HostileCase } from '../security/hostile/carriage.ts';
import type { Random } from '../support/random.ts';

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const junk = fc.array(byte, { maxLength: 6 }).map((bytes) => bytes.join(''));
/** Mostly what it should be. */
const usual = (...values: string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: junk });

const eol = fc.oneof({ weight: 60, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '\r', '\r\r\n', '\n\r', ''));
const name = usual(
  'Content-Length',
  'Transfer-Encoding',
  'Connection',
  'TE',
  'Expect',
  'X',
  'Upgrade',
  'Host',
  'Trailer',
);
const value = usual(
  '3',
  '5',
  '0',
  'chunked',
  'close',
  'keep-alive',
  '100-continue',
  'trailers',
  'x',
  'localhost',
  'Upgrade',
);
const field = fc.tuple(name, usual(':', ': ', ':\t'), value, eol).map((parts) => parts.join(''));
const chunk = fc
  .tuple(usual('3', '0', '00000005', '1;a=b'), eol, usual('abc', 'hello', ''), eol)
  .map((parts) => parts.join(''));
const body = fc.oneof(
  fc.constantFrom('', 'abc', 'hello', '0\r\n\r\n', '3\r\nabc\r\n0\r\n\r\n', '5\r\nhello\r\n0\r\nX: y\r\n\r\n'),
  fc.array(chunk, { maxLength: 4 }).map((chunks) => chunks.join('')),
);
const request = fc
  .tuple(
    usual('GET', 'POST', 'PUT', 'HEAD', 'DELETE'),
    usual(' '),
    usual('/', '/a?b', '/a/b', 'http://localhost/x'),
    usual(' '),
    usual('HTTP/1.1', 'HTTP/1.0'),
    eol,
    fc.oneof({ weight: 20, arbitrary: fc.constant('Host: localhost\r\n') }, fc.constant('')),
    fc.array(field, { maxLength: 4 }).map((fields) => fields.join('')),
    eol,
    body,
  )
  .map((parts) => parts.join(''));
const pipelined = fc.array(request, { minLength: 1, maxLength: 3 }).map((all) => all.join(''));

const folder = process.env['BEARERWAY_CORPUS'];
const corpus = folder === undefined ? [] : readCorpus(folder);

function readCorpus(from: string): string[] {
  // Its shape is written down beside it.
  const { cases } = JSON.parse(readFileSync(join(from, 'requests.json'), 'utf8')) as {
    cases: readonly { hex: string }[];
  };
  return cases.map(({ hex }) => Buffer.from(hex, 'hex').toString('latin1')).filter(({ length }) => length < 4096);
}

/** As many as asked for; the same for the same seed. */
export function hostileRequests(random: Random, seed: number, howMany: number): HostileCase[] {
  const made = fc.sample(pipelined, { seed, numRuns: howMany });
  const seeds = [...requests.map((text) => text.replaceAll('Host: a', 'Host: localhost')), ...corpus];
  return made.map((text, at) => {
    const taken = seeds[random(seeds.length)] ?? '';
    const bytes = at % 2 === 0 ? text : mutated(taken, random);
    const packets = random(3) === 0 ? { cut: random(bytes.length + 1), isCutOff: random(3) === 0 } : {};
    // A request id of the client's own would hide from whom it came.
    return { name: `seed ${seed}`, text: bytes.replace(/x-request-id/gi, 'x-request-no'), ...packets };
  });
}
