/** Every pair of fields that say where a request ends, or are taken by somebody to say so; and every cut. */
import { expect, test } from 'vitest';
import { count, isWhole } from '../../support/counts.ts';
import { raw } from '../../support/raw-replies.ts';
import { carry, type HostileCase, hostileScene } from './carriage.ts';

const STEP = isWhole ? 1 : 41;

const hidden = raw(['GET /api/x/hidden HTTP/1.1', 'Host: localhost']);
const size = hidden.length;
const chunks = `${size.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
const bodies = { 'as it is': hidden, 'in chunks': chunks, 'behind the last chunk': `0\r\n\r\n${hidden}` };

const fields = [
  ...[
    `${size}`,
    '0',
    '3',
    `0${size}`,
    `${size}, ${size}`,
    `+${size}`,
    `${size}.0`,
    `-${size}`,
    '',
    '0x3',
    `${size}\x0b`,
  ],
  ...['1e1', '3 3', '3;', '9'.repeat(16)],
].map((length) => `Content-Length: ${length}`);
const codings = [
  ...[
    'chunked',
    'Chunked',
    'identity',
    'gzip, chunked',
    'chunked, identity',
    'chunked, chunked',
    '"chunked"',
    'xchunked',
  ],
  ...['', ',chunked', 'chunked,', 'chunked;a=b', '\x0bchunked', 'chunked\x00', 'chunked '],
].map((coding) => `Transfer-Encoding: ${coding}`);
const disguised = [
  ...['Content-Length : 3', 'Content_Length: 3', ' Content-Length: 3', 'Content-Length\0: 3', 'content-length:3'],
  ...[
    'Transfer-Encoding : chunked',
    'Transfer_Encoding: chunked',
    'TRANSFER-ENCODING: chunked',
    'Transfer-Encoding\t: chunked',
  ],
  ...['X: a\r\n Transfer-Encoding: chunked', 'X: a\nTransfer-Encoding: chunked', 'X: a\rTransfer-Encoding: chunked'],
  ...[
    'Transfer-Encoding:\r\n chunked',
    'Transfer Encoding: chunked',
    'Content Length: 3',
    '\xa0Transfer-Encoding: chunked',
  ],
];
const others = [
  ...[
    'Connection: Content-Length',
    'Connection: Transfer-Encoding',
    'Connection: close',
    'Connection: Host, Authorization',
  ],
  ...[
    'Connection: Upgrade\r\nUpgrade: websocket',
    'Connection: Upgrade\r\nUpgrade: h2c',
    'TE: chunked',
    'Trailer: Content-Length',
  ],
  ...['Expect: 100-continue', 'Expect: 3', 'Host: localhost', 'Content-Encoding: chunked', 'Keep-Alive: timeout=5'],
  ...['Content-Type: multipart/byteranges; boundary=x', 'Proxy-Connection: keep-alive', 'X-HTTP-Method-Override: HEAD'],
];
const lines = [...fields, ...codings, ...disguised, ...others];

function* pairs(): Generator<HostileCase> {
  for (const method of ['GET', 'POST', 'HEAD'])
    for (const version of ['1.1', '1.0'])
      for (const [name, body] of Object.entries(bodies))
        for (const first of lines)
          for (const second of lines)
            yield {
              name: `${method} ${version} ${JSON.stringify([first, second])} ${name}`,
              text: raw([`${method} /api/x HTTP/${version}`, 'Host: localhost', first, second], body),
            };
}

const messages = {
  'of known length': raw(['POST /api/x HTTP/1.1', 'Host: localhost', `Content-Length: ${size}`], hidden),
  chunked: raw(
    ['PUT /api/x HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked'],
    `3;a="b"\r\nabc\r\n${chunks.slice(0, -2)}X-Sum: 1\r\nContent-Length: 3\r\n\r\n`,
  ),
  'three in a row': `\r\n${raw(['GET /api/x/1 HTTP/1.1', 'Host: localhost', 'X: \xe9\t '])}${raw(
    ['DELETE /api/x/2 HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked'],
    chunks,
  )}${raw(['OPTIONS /api/x/3 HTTP/1.0', 'Host: localhost', 'Content-Length: 0'])}`,
  'that waits for 100': raw(
    ['POST /api/x HTTP/1.1', 'Host: localhost', 'Expect: 100-continue', `Content-Length: ${size}`],
    hidden,
  ),
};

function* cuts(isCutOff: boolean): Generator<HostileCase> {
  for (const [kind, text] of Object.entries(messages)) {
    const length = text.length;
    for (let cut = 1; cut < length; cut += 1) yield { name: `${kind}, cut at ${cut}`, text, cut, isCutOff };
  }
}

function* some(cases: Iterable<HostileCase>, step = STEP): Generator<HostileCase> {
  let at = 0;
  for (const each of cases) {
    if (at % step === 0) yield each;
    at += 1;
  }
}

test.each(['1MiB', '1B'])(
  'F01, F04, F05, F07, F09, F20 every pair of framing fields (bodies kept: %s)',
  async (maxBody) => {
    const tally = await carry(await hostileScene({ retry: { maxBody } }), some(pairs()));
    count(`requests with a pair of framing fields, ${told(tally)}`, tally.cases);
    expect(tally.passed).toBeGreaterThan(tally.cases / 20);
  },
);

test.each(['1MiB', '1B'])(
  'every request, cut anywhere into two packets, is the same request (bodies kept: %s)',
  async (maxBody) => {
    const tally = await carry(await hostileScene({ retry: { maxBody } }), cuts(false));
    count(`requests in two packets, ${told(tally)}`, tally.cases);
    expect(tally.passed).toBe(tally.valid);
  },
);

test('F33 every request that is cut off anywhere reaches the API as far as it was whole', async () => {
  const tally = await carry(await hostileScene(), some(cuts(true), isWhole ? 1 : 5));
  count(`requests that were cut off, ${told(tally)}`, tally.cases);
  expect(tally.passed).toBe(tally.valid);
});

function told({ valid, passed }: { readonly valid: number; readonly passed: number }): string {
  return `${valid} whole ones in them, ${passed} passed`;
}
