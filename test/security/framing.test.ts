import { describe, expect, test } from 'vitest';
import { connectRaw } from '../support/client.ts';
import { ask, raw, repliesIn } from '../support/raw-replies.ts';
import { type Stage, setStage } from '../support/stage.ts';

/** A body that would be a request of its own to whoever reads the framing otherwise. */
const inner = 'GET /api/hidden HTTP/1.1\r\nHost: localhost\r\n\r\n';

function post(...lines: string[]): Buffer {
  return Buffer.from(raw(['POST /api/x HTTP/1.1', 'Host: localhost', ...lines], inner), 'latin1');
}

/** Refused with one of the codes, nothing behind it is read as another request, and the connection ends. */
async function refusedForGood(stage: Stage, bytes: string | Buffer, ...codes: string[]): Promise<void> {
  const before = stage.provider.requests.length;
  const connection = await connectRaw(stage.proxy.port);
  connection.send(bytes);
  const replies = repliesIn(await connection.toEnd());
  expect(replies, `answers to ${bytes.toString('latin1').slice(0, 200)}`).toHaveLength(1);
  expect(codes).toContain(replies[0]?.code);
  expect(stage.api.requests).toEqual([]);
  expect(stage.provider.requests).toHaveLength(before);
  await stage.lives();
}

const length = `Content-Length: ${inner.length}`;
const chunked = 'Transfer-Encoding: chunked';

describe('framing that could be read in two ways is refused, and ends the connection', () => {
  test.each([
    [
      'F04 both kinds',
      [
        [length, chunked],
        [chunked, length],
        [chunked, 'Content-Length: 0'],
      ],
    ],
    [
      'F05 two lengths',
      [
        [length, length],
        [length, 'Content-Length: 0'],
        [length, 'content-length: 1'],
      ],
    ],
    [
      'F05 lengths that are none',
      ['1, 1', '+1', '-1', '0x1', '1_0', '', '1 1', '1.0', '9'.repeat(20), '\xb2'].map((value) => [
        `Content-Length: ${value}`,
      ]),
    ],
    [
      'F09 two codings',
      [
        [chunked, chunked],
        [chunked, 'transfer-encoding: identity'],
      ],
    ],
    [
      'F14 odd names',
      [
        ['Content-Length : 1'],
        [' X: 1'],
        [': x'],
        ['no colon'],
        ['Transfer-Encoding : chunked'],
        ['X\0: 1'],
        ['X(y): 1'],
      ],
    ],
    [
      'F13 folded lines',
      [
        ['X-A: b', ' c'],
        ['X-A: b', '\tc'],
        [length, ' 0'],
        ['Transfer-Encoding:', ' chunked'],
      ],
    ],
    [
      'F15 control bytes',
      ['\0', '\r', '\n', '\x0b', '\x0c', '\x7f', '\x01', '\x1b[31m'].map((byte) => [`X-A: a${byte}b`]),
    ],
  ])('%s', async (_, cases) => {
    const stage = await setStage();
    for (const lines of cases) await refusedForGood(stage, post(...lines), 'bad_request');
  });

  // Node's parser refuses some forms that are no chunked coding, and lets others through to our own check.
  test.each([
    'gzip, chunked',
    'JUNK, chunked',
    'chunked, chunked',
    'gzip',
    ',chunked',
    'chunked, identity',
    'xchunked',
    'identity',
    'chunked;q=1',
    'chunked,',
    '"chunked"',
    'chunked\x0b',
    'cow',
    '',
  ])('F07 Transfer-Encoding: %j', async (value) => {
    const stage = await setStage();
    await refusedForGood(stage, post(`Transfer-Encoding: ${value}`), 'bad_request', 'not_implemented');
  });

  test('F08 a coding in HTTP/1.0', async () => {
    const stage = await setStage();
    await refusedForGood(stage, raw(['POST /api/x HTTP/1.0', 'Host: localhost', chunked], inner), 'bad_request');
    const lines = ['POST /api/x HTTP/1.0', 'Host: localhost', 'Connection: keep-alive', chunked];
    await refusedForGood(stage, raw(lines, '0\r\n\r\n'), 'bad_request');
  });

  test('F16 lines that end otherwise', async () => {
    const stage = await setStage();
    for (const bytes of [
      'GET /api/x HTTP/1.1\nHost: localhost\n\n',
      'GET /api/x HTTP/1.1\r\nHost: localhost\n\r\n',
      'GET /api/x HTTP/1.1\r\nHost: localhost\r\n\rX',
      'GET /api/x HTTP/1.1\rHost: localhost\r\r',
      'GET /api/x HTTP/1.1\r\nHost: localhost\r\nX: a\rY: b\r\n\r\n',
    ])
      await refusedForGood(stage, bytes, 'bad_request', 'version_unsupported');
  });

  test('F10, F11 chunks that are none: the API never sees a whole request', async () => {
    const stage = await setStage();
    const sizes = [
      '0x1',
      ' 0',
      '-0',
      '1g',
      '',
      'fffffffffffffffff',
      '1 ',
      '+1',
      '1;\n',
      `1;${'x'.repeat(17_000)}`,
      '0\n',
      '1;\r\r;',
    ];
    for (const size of sizes) {
      const connection = await connectRaw(stage.proxy.port);
      connection.send(raw(['POST /api/x HTTP/1.1', 'Host: localhost', chunked], `${size}\r\nA\r\n0\r\n\r\n${inner}`));
      const replies = repliesIn(await connection.toEnd());
      expect(
        replies.map(({ status }) => status),
        size,
      ).toEqual([400]);
    }
    expect(stage.api.requests).toEqual([]);
    await stage.lives();
  });
});

test('F17 other versions', async () => {
  const stage = await setStage();
  for (const version of ['HTTP/0.9', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/3.0', 'HTTP/9.9'])
    await refusedForGood(stage, raw([`GET /api/x ${version}`, 'Host: localhost']), 'version_unsupported');
});

test('F17 what is no version', async () => {
  const stage = await setStage();
  for (const version of [
    'HTTP/01.1',
    'HTTP/1.',
    'HTTP/1.1.1',
    'http/1.1',
    'HTTP /1.1',
    'ICE/1.0',
    'RTSP/1.0',
    'X',
    '',
  ]) {
    const bytes = raw([`GET /api/x ${version}`, 'Host: localhost']);
    await refusedForGood(stage, bytes, 'bad_request', 'version_unsupported');
  }
});

test.each(['get', 'TRACK', 'FOO', "a!#$%&'*+-.^_`|~9"])('F22 any token is a method: %s', async (method) => {
  const stage = await setStage();
  expect((await ask(stage.proxy.port, raw([`${method} /api/x HTTP/1.1`, 'Host: localhost']))).code).not.toBe(
    'bad_request',
  );
});

test.each(['X'.repeat(10_000), 'G(T', 'GET\t', '\xe9'])('F22 a method that is refused: %s', async (method) => {
  const stage = await setStage();
  const bytes = Buffer.from(raw([`${method} /api/x HTTP/1.1`, 'Host: localhost']), 'latin1');
  await refusedForGood(stage, bytes, 'bad_request');
});

test.each(['', '\r\n', '\r\n\r\n'])('an empty line ahead of a request is let pass: %j', async (ahead) => {
  const stage = await setStage();
  await stage.passes(`${ahead}${raw(['GET /api/x HTTP/1.1', 'Host: localhost'])}`);
});

test.each([
  ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'TLS'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'HTTP/2'],
  ['SSH-2.0-OpenSSH_9.9\r\n', 'SSH'],
  ['\0\0\0\0', 'zeros'],
])('%j is no request (%s): an answer, and the end', async (bytes) => {
  const stage = await setStage();
  const connection = await connectRaw(stage.proxy.port);
  connection.send(bytes);
  expect(repliesIn(await connection.toEnd()).map(({ status }) => status)).toEqual([
    expect.toSatisfy((s) => s === 400 || s === 505),
  ]);
  await stage.lives();
});
