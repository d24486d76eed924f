import { expect, test } from 'vitest';
import { prettyLines } from '../../src/observe/pretty-lines.ts';

type Line = Readonly<Record<string, unknown>>;

/** What people read of these lines, which come at once. */
function told(...lines: readonly Line[]): string[] {
  const words: string[] = [];
  const spelt = lines.map(
    (line) => `${JSON.stringify({ level: 'info', time: '2026-11-21T00:00:00.000Z', ...line })}\n`,
  );
  prettyLines({ write: (line) => void words.push(line) }, false).write(spelt.join(''));
  return words.map((line) => line.replace(/^.*? INFO: /, ''));
}

const served = {
  ...{ requestId: 'r1', route: '/api', method: 'GET', path: '/api/x', status: 200, durationMs: 1.6, upstreamMs: 1 },
  ...{ credential: 'main', bytesIn: 0, bytesOut: 2, client: '127.0.0.1:5000', msg: 'request' },
};

test('lines that come at once, as those of a worker do, are told one by one', () => {
  expect(told({ msg: 'one' }, { msg: 'two' })).toEqual(['one\n', 'two\n']);
});

test('a request that was served is told in a few words', () => {
  expect(told(served, { ...served, retry: 'done' })).toEqual([
    'GET /api/x → 200 in 2 ms\n',
    'GET /api/x → 200 in 2 ms, retry done\n',
  ]);
});

test('a request that came to nothing bears the requestId that its answer has, and who sent it', () => {
  const failed = { ...served, status: 503, error: 'token_unavailable', reason: 'the token endpoint answered 503' };
  const { credential: _, ...strange } = { ...served, status: 404, error: 'no_route' };

  expect(told(failed, strange)).toEqual([
    'GET /api/x → 503 in 2 ms (token_unavailable: the token endpoint answered 503) credential=main client=127.0.0.1:5000 requestId=r1\n',
    'GET /api/x → 404 in 2 ms (no_route) client=127.0.0.1:5000 requestId=r1\n',
  ]);
});

test('a change of a credential for the worse is told without anybody’s requestId', () => {
  expect(told({ credential: 'main', error: 'token_refused', reason: 'invalid_client', msg: 'no token' })).toEqual([
    'main: no token (token_refused: invalid_client)\n',
  ]);
});
