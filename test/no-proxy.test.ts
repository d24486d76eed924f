import { describe, expect, test } from 'vitest';
import { entriesOf, isNoProxyEntry, noProxy } from '../src/no-proxy.ts';

/** Entry, what it covers, what it does not; `host:port`, of https where there is no port. */
const table: readonly [string, readonly string[], readonly string[]][] = [
  [
    'example.com',
    ['example.com', 'EXAMPLE.com', 'example.com.', 'a.example.com', 'a.b.example.com:8443'],
    ['badexample.com', 'example.com.evil.org', 'com'],
  ],
  ['.example.com', ['example.com', 'a.example.com'], ['aexample.com']],
  ['*.example.com', ['a.example.com', 'a.b.example.com'], ['example.com', 'aexample.com']],
  ['Example.COM.', ['example.com', 'a.example.com.'], ['example.org']],
  ['example.com:8443', ['example.com:8443', 'a.example.com:8443'], ['example.com', 'example.com:443']],
  ['*.example.com:443', ['a.example.com'], ['a.example.com:80', 'example.com']],
  ['intranet', ['intranet', 'a.intranet'], ['intranet.example.com']],
  ['10.0.0.1', ['10.0.0.1', '10.0.0.1:80'], ['10.0.0.10', '110.0.0.1', 'a.10.0.0.1.example.com']],
  ['10.0.0.1:80', ['10.0.0.1:80'], ['10.0.0.1']],
  ['10.0.0.0/8', ['10.255.0.1', '10.0.0.0:8080', '[::ffff:a01:203]'], ['11.0.0.1', 'ten.example.com', '[::a00:1]']],
  ['192.168.1.77/24', ['192.168.1.1'], ['192.168.2.1']],
  ['10.0.0.0/8:80', [], ['10.0.0.1']],
  ['0.0.0.0/0', ['8.8.8.8'], ['example.com', '[2001:db8::1]']],
  ['2001:db8::1', ['[2001:db8::1]', '[2001:DB8:0:0::1]:80'], ['[2001:db8::2]']],
  ['[2001:db8::1]', ['[2001:db8::1]'], ['[2001:db8::2]']],
  ['[2001:db8::1]:8443', ['[2001:db8::1]:8443'], ['[2001:db8::1]']],
  ['2001:db8::/32', ['[2001:db8:ffff::1]'], ['[2001:db9::1]', '32.1.13.184']],
  ['*', ['example.com', '10.0.0.1', '[2001:db8::1]:80'], []],
  ['*:8080', ['example.com:8080'], ['example.com']],
];

function place(text: string): [string, number] {
  const { hostname, port } = new URL(`https://${text}`);
  return [hostname, port === '' ? 443 : Number(port)];
}

describe.each(table)('%s', (entry, covered, others) => {
  const list = noProxy([entry]);
  if (covered.length > 0) test.each(covered)('covers %s', (text) => expect(list.covers(...place(text))).toBe(true));
  if (others.length > 0)
    test.each(others)('does not cover %s', (text) => expect(list.covers(...place(text))).toBe(false));
});

test('one of several entries is enough, and none covers nothing', () => {
  expect(noProxy(['a.example', '10.0.0.0/8', 'b.example']).covers('b.example', 443)).toBe(true);
  expect(noProxy([]).covers('b.example', 443)).toBe(false);
});

test('entries stand between commas, white space or both', () => {
  expect(entriesOf(' a.example,b.example , ,10.0.0.0/8\tc.example\n*')).toEqual([
    'a.example',
    'b.example',
    '10.0.0.0/8',
    'c.example',
    '*',
  ]);
});

test.each([
  '',
  '.',
  '*.',
  '**',
  'a..b',
  '*a.example',
  'a.*.example',
  'http://a.example',
  'a.example/x',
  'a.example:',
  'a.example:x',
  'a.example:70000',
  '10.0.0.0/33',
  '2001:db8::/129',
  '10.0.0.0/',
  '[10.0.0.1]',
  '[2001:db8::1',
  'a b',
  'ä.example',
])('%j is no entry, and covers nothing', (text) => {
  expect(isNoProxyEntry(text)).toBe(false);
  expect(noProxy([text]).covers('a.example', 443)).toBe(false);
});
