import { expect, test } from 'vitest';
import { alike } from '../src/alike.ts';
import { parseConfig } from '../src/config/load.ts';
import { fileSecret, fixedSecret, Secret } from '../src/secret.ts';

test.each<[string, unknown, unknown, boolean]>([
  ['the same text', 'a', 'a', true],
  ['another text', 'a', 'b', false],
  ['a number and its text', 1, '1', false],
  ['groups with their keys in another order', { a: 1, b: [2] }, { b: [2], a: 1 }, true],
  ['a key without a value, and none', { a: undefined }, {}, true],
  ['a key more', { a: 1 }, { a: 1, b: 2 }, false],
  ['a key less', { a: 1, b: 2 }, { a: 1 }, false],
  ['lists in another order', [1, 2], [2, 1], false],
  ['a list that is longer', [1], [1, 2], false],
  ['a list and a group', [], {}, false],
  ['a group and nothing', {}, null, false],
  ['what differs deep down', { a: { b: [{ c: 1 }] } }, { a: { b: [{ c: 2 }] } }, false],
  ['the same secret', new Secret('x'), new Secret('x'), true],
  ['another secret', new Secret('x'), new Secret('y'), false],
  ['the same secret in the config', fixedSecret('x'), fixedSecret('x'), true],
  ['another secret in the config', fixedSecret('x'), fixedSecret('y'), false],
  ['the same secret file', fileSecret('/a'), fileSecret('/a'), true],
  ['another secret file', fileSecret('/a'), fileSecret('/b'), false],
  ['a secret and the path of one', fixedSecret('/a'), fileSecret('/a'), false],
  ['a secret and what it prints as', new Secret('x'), '[secret]', false],
  ['a secret and nothing', fixedSecret('x'), undefined, false],
])('%s', (_, a, b, expected) => {
  expect(alike(a, b)).toBe(expected);
  expect(alike(b, a)).toBe(expected);
});

const source = (secret: string): string => `
egress: {proxy: "http://user:${secret}@proxy.test:3128"}
credentials:
  main: {tokenUrl: https://id.test/token, clientId: c, clientSecret: ${secret}}
routes: [{prefix: /a, upstream: https://a.test, credential: main}]
`;
const read = (secret: string) => parseConfig(source(secret), { file: 'proxy.yaml', env: {} });

test('the same file read twice says the same; with another secret in it, it does not', () => {
  expect(alike(read('one'), read('one'))).toBe(true);
  expect(alike(read('one').credentials, read('two').credentials)).toBe(false);
  expect(alike(read('one').egress, read('two').egress)).toBe(false);
});
