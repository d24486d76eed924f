/**
 * A reader remembers the last field section of its connection: what it makes of a message must be what a new reader
 * makes of it, whatever came before.
 */
import { expect, test } from 'vitest';
import { FieldNames } from '../../src/field-names.ts';
import { RequestReader } from '../../src/http1/request.ts';
import { AnswerReader } from '../../src/http1/response.ts';
import { randomFrom } from '../support/random.ts';
import { limits } from './readings.ts';

/** `npm run security` makes it 300,000 and looks at a tenth. */
const ROWS = Math.ceil(Number(process.env['BEARERWAY_FUZZ'] ?? 15_000) / 10);
const SEED = Number(process.env['BEARERWAY_SEED'] ?? 20_261_121);

const lines = [
  ...['GET /a HTTP/1.1', 'GET /a HTTP/1.0', 'POST /b HTTP/1.1', 'CONNECT a:1 HTTP/1.1', '\r\nGET /c HTTP/1.1'],
  ...['HTTP/1.1 200 OK', 'HTTP/1.0 200 OK', 'HTTP/1.1 204 ', 'HTTP/1.1 103 Early', 'HTTP/1.1 101 Switched'],
];
const sections = [
  ...[
    'Host: a',
    'Host: a\r\nX: y',
    'Host: a\r\nX:  y ',
    'Host: a\r\nConnection: close',
    'Host: b\r\nHost: a',
    '',
    'X: y',
  ],
  ...['Host: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: x', 'Host: a\r\nExpect: 100-continue\r\nCookie: z'],
  ...['Host: a\r\nContent-Length: 0', 'Host: a\r\nTransfer-Encoding: chunked', 'Host: a\r\nKeep-Alive: timeout=9'],
  ...['Host: a\r\nContent-Length: 0\r\nContent-Length: 0', 'Host: a\r\nTransfer-Encoding: gzip', 'Host: a\r\nX : y'],
  ...['Host: a\r\nX: y\r\n z', 'Host: a\nX: y', `Host: a${'\r\nX: y'.repeat(12)}`, `Host: a\r\nX: ${'y'.repeat(2100)}`],
];
const names = new FieldNames(['x', 'connection'], { twins: true });

/** One side's reader, and all that is asked of it once a head is whole. */
interface Reader {
  take(packet: Buffer): number;
  clear(): void;
  told(): unknown;
}

function told({ section }: RequestReader | AnswerReader): unknown {
  const { fields, contentLength, chunked, hosts, connection, expect: expectation } = section;
  const kept = [fields.without(names).text, fields.without(names).with('a', 'b').text, fields.text];
  return { lines: fields.lines, kept, contentLength, chunked, hosts, connection, expectation };
}

function requests(): Reader {
  const reader = new RequestReader(limits);
  return {
    take: (packet) => reader.take(packet, 0),
    clear: () => reader.clear(),
    told: () => {
      const { method, target, old, persistent, protocols, expectsContinue } = reader;
      return [method, target, old, persistent, protocols, expectsContinue, told(reader)];
    },
  };
}

function answers(): Reader {
  const reader = new AnswerReader();
  return {
    take: (packet) => reader.take(packet, 0, packet.length),
    clear: () => reader.clear(),
    told: () => {
      const { status, reason, old, persistent, keepAliveMs } = reader;
      return [status, reason, old, persistent, keepAliveMs, reader.framing('GET'), told(reader)];
    },
  };
}

/** What a row of messages is read as, each by the reader that `next` gives, in packets of at most so many bytes. */
function readRow(bytes: Buffer, next: () => Reader, packet: () => number): unknown[] {
  const seen: unknown[] = [];
  let reader = next();
  try {
    for (let at = 0, sent = 0; sent < bytes.length; ) {
      const to = Math.min(bytes.length, sent + packet());
      const end = reader.take(Buffer.from(bytes.subarray(sent, to)));
      sent = end === -1 ? to : sent + end;
      if (end === -1) continue;
      seen.push(reader.told(), sent - at);
      at = sent;
      reader.clear();
      reader = next();
    }
  } catch (error) {
    seen.push(String(error));
  }
  return seen;
}

test.each([
  ['requests', requests],
  ['answers', answers],
])(`${ROWS} rows of %s are read as if each one came first`, (_name, start) => {
  const random = randomFrom(SEED);
  let repeated = 0;
  for (let row = 0; row < ROWS; row += 1) {
    // Few of them, so that they come again.
    const choice = Array.from({ length: 2 }, () => sections[random(sections.length)] ?? '');
    const messages = Array.from({ length: 2 + random(4) }, () => {
      const line = lines[(start === requests ? 0 : 5) + random(5)] ?? '';
      const fields = choice[random(2)] ?? '';
      return `${line}\r\n${fields === '' ? '' : `${fields}\r\n`}\r\n`;
    });
    const bytes = Buffer.from(messages.join(''), 'latin1');
    const most = [1, 7, 40, 10_000][random(4)] ?? 1;
    const one = start();
    const seen = readRow(
      bytes,
      () => one,
      () => 1 + random(most),
    );
    expect(seen, JSON.stringify(messages)).toEqual(readRow(bytes, start, () => bytes.length));
    if (seen.length > 2) repeated += 1;
  }
  expect(repeated).toBeGreaterThan(ROWS / 10);
});
