import { expect, test } from 'vitest';
import { Fields } from '../../src/fields.ts';
import { withoutInjected } from '../../src/proxy/location.ts';

test.each([
  ['/x/?a=1&access_token=T', '/x/?a=1'],
  ['/x/?access_token=T&b=%2F', '/x/?b=%2F'],
  ['/x/?access_token=T', '/x/'],
  ['https://api.test/x?a=1&access_token=T&b#frag?x', 'https://api.test/x?a=1&b#frag?x'],
  ['//api.test?access_token=T#f', '//api.test#f'],
  ['../y?access%5Ftoken=T&a=%zz', '../y?a=%zz'],
  ['?a%63cess_token=T&access_token=U', ''],
  ['/x?a=1;b=é&access_tokens=1', '/x?a=1;b=é&access_tokens=1'],
  ['/x?', '/x?'],
  ['/x?&&', '/x?&&'],
  ['/x?#f', '/x?#f'],
  ['/x#?access_token', '/x#?access_token'],
  ['/access_token=T', '/access_token=T'],
  ['', ''],
])('%j is given to the client as %j', (given, expected) => {
  const fields = new Fields(['Location', given, 'X-Other', given, 'Content-Location', given]);
  expect(withoutInjected(fields, 'access_token').lines).toEqual([
    ...['Location', expected, 'X-Other', given, 'Content-Location', expected],
  ]);
});

test('fields that point nowhere are the same object', () => {
  const fields = new Fields(['X-A', '/?access_token=T']);
  expect(withoutInjected(fields, 'access_token')).toBe(fields);
});
