import { describe, expect, test } from 'vitest';
import { raw } from '../support/raw-replies.ts';
import { type Stage, setStage } from '../support/stage.ts';

function get(...lines: string[]): Buffer {
  return Buffer.from(raw(['GET /api/x HTTP/1.1', ...lines]), 'latin1');
}

/** A proxy says nothing to browsers of its own, whatever they ask. */
async function refusedSilently(stage: Stage, bytes: string | Buffer, status: number, code: string): Promise<void> {
  const { lines } = await stage.refuses(bytes, status, code);
  expect(lines.filter((line) => /^access-control-/i.test(line))).toEqual([]);
}

describe('a Host that is not ours is refused, so that no rebound name gets a token', () => {
  test.each([
    ['B01', ['evil.test', 'evil.test:8080', 'www.localhost', 'sub.127.0.0.1', 'LOCALHOST.EVIL.TEST']],
    ['B02', ['localhost.evil.test', '127.0.0.1.evil.test', 'xlocalhost', 'localhostx', '127.0.0.11', '1127.0.0.1']],
    ['B03', ['0.0.0.0', '0.0.0.0:8080', '[::]', '[::]:8080', '0', '127.1', '2130706433', '[::ffff:127.0.0.1]']],
  ])('%s', async (_, hosts) => {
    const stage = await setStage();
    for (const host of hosts) await refusedSilently(stage, get(`Host: ${host}`), 421, 'host_denied');
  });

  test.each(['0.0.0.0', '::'])('B03 nor is the address of all interfaces, where %s is listened on', async (host) => {
    const stage = await setStage({ listen: { host, openListener: true } });
    for (const name of ['0.0.0.0', '[::]', '[::0]', '0'])
      await refusedSilently(stage, get(`Host: ${name}`), 421, 'host_denied');
    await stage.passes(get('Host: localhost'));
  });

  test('B04 but our own names are, with any port, in any case', async () => {
    const stage = await setStage();
    const names = ['localhost', '127.0.0.1', '[::1]', 'LocalHost', 'localhost.', 'localhost:'];
    for (const name of [...names, ...names.slice(0, 5).map((each) => `${each}:1`), 'localhost:65535'])
      await stage.passes(get(`Host: ${name}`));
  });

  test('and those of listen.allowedHosts: exact ones, and all below a suffix', async () => {
    const stage = await setStage({ listen: { allowedHosts: ['proxy.Internal', '*.cluster.local', '[fd00::1]'] } });
    for (const name of ['proxy.internal', 'PROXY.internal:9', 'a.cluster.local', 'a.b.cluster.local:1', '[FD00::1]'])
      await stage.passes(get(`Host: ${name}`));
    const others = [
      'x.proxy.internal',
      'cluster.local',
      '.cluster.local',
      'xcluster.local',
      'a.cluster.local.evil.test',
    ];
    for (const name of others) await refusedSilently(stage, get(`Host: ${name}`), 421, 'host_denied');
  });

  test('B11 a malformed one is a bad request', async () => {
    const stage = await setStage();
    const hosts = ['[::1', 'a:99999', 'a b', 'user@x', `${'x'.repeat(10_000)}`, '', '%00', 'a:b', 'a:80:80', '::1'];
    for (const host of [
      ...hosts,
      'localhost/x',
      'localhost?',
      'localhost#',
      'a,b:1,c',
      '[localhost]',
      '\x80',
      'http://a',
    ])
      await refusedSilently(stage, get(`Host: ${host}`), 400, 'bad_request');
  });

  test('F21 two of them, or none, too', async () => {
    const stage = await setStage();
    await refusedSilently(stage, get('Host: localhost', 'Host: localhost'), 400, 'bad_request');
    await refusedSilently(stage, get('Host: localhost', 'hOST: evil.test'), 400, 'bad_request');
    await refusedSilently(stage, get('Accept: */*'), 400, 'bad_request');
  });
});

describe('a page of another origin gets nothing', () => {
  test.each([
    ['B05 a foreign Origin', ['Origin: https://evil.test'], ['Origin: http://localhost'], ['origin: HTTP://EVIL.TEST']],
    ['B06 a null one', ['Origin: null'], ['Origin:']],
    [
      'B07 no Origin, but a word of the browser',
      ...['cross-site', 'same-site', 'same-origin', '', 'NONE', 'none, cross-site'].map((site) => [
        `Sec-Fetch-Site: ${site}`,
      ]),
      ['Sec-Fetch-Site: none', 'Sec-Fetch-Site: cross-site'],
    ],
    ['B08 what an image or script sends', ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors']],
    ['B10 a handshake', ['Origin: https://evil.test', 'Connection: Upgrade', 'Upgrade: websocket']],
    [
      'B12 a malformed Origin',
      ['Origin: http://['],
      ['Origin: ://'],
      [`Origin: ${'x'.repeat(10_000)}`],
      ['Origin: %00'],
    ],
    ['two', ['Origin: https://app.test', 'Origin: https://evil.test'], ['Origin: https://app.test https://evil.test']],
    [
      'one that only looks allowed',
      ['Origin: https://app.test.evil.test'],
      ['Origin: https://app.test:444'],
      ['Origin: http://app.test'],
    ],
  ])('%s', async (_, ...requests) => {
    const stage = await setStage({ listen: { allowedOrigins: ['https://App.test'] } });
    for (const lines of requests) await refusedSilently(stage, get('Host: localhost', ...lines), 403, 'origin_denied');
  });

  test('B05 with a simple POST either', async () => {
    const stage = await setStage();
    const lines = ['Host: localhost', 'Origin: https://evil.test', 'Content-Type: text/plain', 'Content-Length: 2'];
    await refusedSilently(stage, raw(['POST /api/x HTTP/1.1', ...lines], 'hi'), 403, 'origin_denied');
  });

  test('B09 nor is its preflight answered', async () => {
    const stage = await setStage();
    const lines = ['Host: localhost', 'Origin: https://evil.test', 'Access-Control-Request-Method: PUT'];
    await refusedSilently(stage, raw(['OPTIONS /api/x HTTP/1.1', ...lines]), 403, 'origin_denied');
  });
});

describe('a page that may ask', () => {
  const cases: [string, string[]][] = [
    ['its origin is allowed', ['Origin: https://app.test', 'Sec-Fetch-Site: cross-site']],
    ['it is ours, and allowed', ['Sec-Fetch-Site: same-origin']],
    ['it is ours, and a POST', ['Origin: http://localhost:8080', 'Sec-Fetch-Site: same-origin']],
    ['somebody typed the address', ['Sec-Fetch-Site: none', 'Sec-Fetch-Mode: navigate']],
    ['it is no page: fetch of Node.js', ['Sec-Fetch-Mode: cors']],
  ];
  test.each(cases)('%s', async (_, lines) => {
    const stage = await setStage({ listen: { allowedOrigins: ['https://app.test', 'http://localhost:8080'] } });
    const reply = await stage.passes(get('Host: localhost:8080', ...lines));
    const named = lines.find((line) => line.startsWith('Origin: '))?.slice(8);
    expect(reply.get('access-control-allow-origin')).toBe(named);
  });
});

test('S02 the log tells which origin asked, without a character that could steer a terminal', async () => {
  const stage = await setStage();
  const page = 'GET /api/x HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.test\x9b2J\xff\r\n\r\n';
  await stage.refuses(Buffer.from(page, 'latin1'), 403, 'origin_denied');
  const line = stage.proxy.requests.find(({ error }) => error === 'origin_denied');
  expect(line?.['reason']).toContain('Origin https://evil.test?2J\xff');
});
