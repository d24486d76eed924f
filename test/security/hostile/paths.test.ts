/** P20: what lists of path traversals are made of, in all its combinations. */
import { expect, test } from 'vitest';
import { connectRaw } from '../../support/client.ts';
import { count, isWhole } from '../../support/counts.ts';
import { startProxy } from '../../support/proxy.ts';
import { raw, repliesIn } from '../../support/raw-replies.ts';
import { startStrictApi } from '../../support/strict-api.ts';

const dots = ['.', '%2e', '%2E', '%252e', '%c0%ae', '%e0%80%ae', '%uff0e', '\\.'];
const slashes = ['/', '\\', '%2f', '%5C', '%252f', '%c0%af', '//', ';/', '/./', '%00/'];
const ahead = ['', '/', 'x/', 'x%2f', '%', '~'];
const behind = ['', 'etc/passwd', ';a=b', '%00', '?x'];

/** So many are on one connection, answered in their order, while none ends it. */
const AT_ONCE = 50;

function* traversals(): Generator<string> {
  for (const first of dots)
    for (const second of ['', ...dots])
      for (const slash of slashes)
        for (const before of ahead) for (const after of behind) yield `${before}${first}${second}${slash}${after}`;
}

/** RFC 3986 §5.2.4, by whoever decodes once and takes a backslash for a slash, or drops parameters. */
function leaves(target: string): boolean {
  const path = target.split('?', 1)[0] ?? '';
  const decoded = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decoded.split(/[/\\]/).some((segment) => ['.', '..'].includes(segment.split(';', 1)[0] ?? ''));
}

test('P20 no traversal leaves the base of the upstream, behind a prefix or a catch-all', async () => {
  const api = await startStrictApi();
  const routes = [
    { prefix: '/api', upstream: `${api.url}/base` },
    { prefix: '/', upstream: `${api.url}/base` },
  ];
  const proxy = await startProxy({ routes });
  const step = isWhole ? 1 : 7;
  const targets = [...traversals()].flatMap((path) => [`/api/${path}`, `/${path}`]).filter((_, at) => at % step === 0);
  let passed = 0;
  for (let at = 0; at < targets.length; at += AT_ONCE) {
    const some = targets.slice(at, at + AT_ONCE);
    const connection = await connectRaw(proxy.port);
    connection.send(some.map((target) => raw([`GET ${target} HTTP/1.1`, 'Host: localhost'])).join(''));
    const replies = repliesIn(await connection.until((text) => repliesIn(text).length === some.length));
    expect(replies.filter(({ status, code }) => status !== 200 && code !== 'bad_request')).toEqual([]);
    passed += replies.filter(({ status }) => status === 200).length;
    connection.socket.destroy();
  }
  const seen = api.taken().map(({ target }) => target);
  expect(seen.filter((target) => !/^\/base(\/|\?|$)/.test(target) || leaves(target))).toEqual([]);
  expect(seen).toHaveLength(passed);
  expect(api.violations).toEqual([]);
  // As they stand nothing in them leaves, and so they are data.
  expect(passed).toBeGreaterThan(targets.length / 10);
  count(`path traversals, of which ${passed} are data, and none leaves`, targets.length);
});
