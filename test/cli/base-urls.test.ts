import { expect, test } from 'vitest';
import { baseUrls, variableOf } from '../../src/cli/base-urls.ts';

test.each([
  ['/nitro', 'NITRO_BASE_URL'],
  ['/a/b-c', 'A_B_C_BASE_URL'],
  ['/crm.v2', 'CRM_V2_BASE_URL'],
  ['/3d', '_3D_BASE_URL'],
  ['/', 'BASE_URL'],
])('the base URL of %s is in %s', (prefix, name) => {
  expect(variableOf(prefix)).toBe(name);
});

test('a base URL is the origin and the prefix, without a slash at its end', () => {
  expect(baseUrls(['/', '/a/b'], 'http://x:t@127.0.0.1:5')).toEqual({
    BASE_URL: 'http://x:t@127.0.0.1:5',
    A_B_BASE_URL: 'http://x:t@127.0.0.1:5/a/b',
  });
});

test.each([
  [['/a-b', '/c', '/a/b'], 'the routes /a-b and /a/b would both be A_B_BASE_URL'],
  [['/a', '/A'], 'the routes /a and /A would both be A_BASE_URL'],
])('of %j two would share a variable, which is told', (prefixes, message) => {
  expect(() => baseUrls(prefixes, '')).toThrow(message);
});
