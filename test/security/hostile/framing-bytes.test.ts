/** Every byte in every place of what says where a request ends: put in, and put in the place of another. */
import { expect, test } from 'vitest';
import { count, isWhole } from '../../support/counts.ts';
import { carry, type HostileCase, hostileScene } from './carriage.ts';

/** Of so many cases `npm test` takes one. */
const STEP = isWhole ? 1 : 37;

/** What the body is to whoever reads its end otherwise. */
const hidden = 'GET /api/x/hidden HTTP/1.1\r\nHost: localhost\r\n\r\n';
const length = hidden.length;
const sized = `Content-Length: ${length}`;
const chunks = `${length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;

/** A request whose middle is varied. */
type Family = readonly [name: string, before: string, varied: string, after: string];

const post = 'POST /api/x HTTP/1.1\r\nHost: localhost\r\n';
const families: readonly Family[] = [
  ['a length', `${post}Content-Length:`, ` ${length}`, `\r\n\r\n${hidden}`],
  ['the end of a length', `${post}${sized}`, '\r\n\r\n', hidden],
  ['the name of a length', post, 'Content-Length', `: ${length}\r\n\r\n${hidden}`],
  ['a coding', `${post}Transfer-Encoding:`, ' chunked', `\r\n\r\n${chunks}`],
  ['the end of a coding', `${post}Transfer-Encoding: chunked`, '\r\n\r\n', chunks],
  ['the name of a coding', post, 'Transfer-Encoding:', ` chunked\r\n\r\n${chunks}`],
  ['the name of a second coding', `${post}${sized}\r\n`, 'Transfer-Encoding:', ` chunked\r\n\r\n${hidden}`],
  ['the name of a second length', `${post}Transfer-Encoding: chunked\r\n`, 'Content-Length:', ` 3\r\n\r\n${chunks}`],
  ['a chunk size', `${post}Transfer-Encoding: chunked\r\n\r\n`, `${length.toString(16)}\r\n`, chunks.slice(4)],
  ['the end of a chunk', `${post}Transfer-Encoding: chunked\r\n\r\n${chunks.slice(0, -7)}`, '\r\n0\r\n', '\r\n'],
  ['the last chunk', `${post}Transfer-Encoding: chunked\r\n\r\n${chunks.slice(0, -5)}`, '0\r\n\r\n', hidden],
  ['a chunk extension', `${post}Transfer-Encoding: chunked\r\n\r\n${length.toString(16)}`, ';a="b"', chunks.slice(2)],
  ['a trailer', `${post}Transfer-Encoding: chunked\r\n\r\n${chunks.slice(0, -2)}`, 'X-Sum: a\r\n', '\r\n'],
  ['a version', 'POST /api/x', ' HTTP/1.1\r\n', `Host: localhost\r\n${sized}\r\n\r\n${hidden}`],
  ['a method', '', 'POST ', `/api/x HTTP/1.1\r\nHost: localhost\r\n${sized}\r\n\r\n${hidden}`],
  ['a Host', 'POST /api/x HTTP/1.1\r\n', 'Host: localhost\r\n', `${sized}\r\n\r\n${hidden}`],
];

function* variants([name, before, varied, after]: Family): Generator<HostileCase> {
  for (let at = 0; at <= varied.length; at += 1) {
    for (let byte = 0; byte < 256; byte += 1) {
      const [ahead, here] = [`${before}${varied.slice(0, at)}`, String.fromCharCode(byte)];
      const told = `${name}, ${byte} at ${at}`;
      yield { name: `${told}, put in`, text: `${ahead}${here}${varied.slice(at)}${after}` };
      if (at < varied.length) yield { name: told, text: `${ahead}${here}${varied.slice(at + 1)}${after}` };
    }
  }
}

function* some(cases: Iterable<HostileCase>): Generator<HostileCase> {
  let at = 0;
  for (const each of cases) {
    if (at % STEP === 0) yield each;
    at += 1;
  }
}

test.each(families)('F05, F07, F10, F14, F16, F17 every byte in every place: %s', async (...family) => {
  const scene = await hostileScene();
  const tally = await carry(scene, some(variants(family)));
  count(
    `requests with a byte of ${family[0]} changed (${tally.valid} of them whole, ${tally.passed} passed)`,
    tally.cases,
  );
  expect(tally.cases).toBeGreaterThan(0);
});
