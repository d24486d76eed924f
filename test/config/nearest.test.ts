import { expect, test } from 'vitest';
import { nearest, nearestAmong } from '../../src/config/nearest.ts';
import { faultsOf } from './reading.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `name${index}`);

test('a word is told of the name that is most like it, or of all that there are', () => {
  expect(nearest('nmae7', names(9))).toBe(' (did you mean "name7"?)');
  expect(nearest('NAME7', names(9))).toBe(' (did you mean "name7"?)');
  expect(nearest('other', ['name0', 'name1'])).toBe(' (known: name0, name1)');
  expect(nearest('other', [])).toBe('');
});

test('of very many names only some are listed, and how many more there are', () => {
  expect(nearest('other', names(30))).toBe(` (known: ${names(30).join(', ')})`);
  expect(nearest('other', names(3000))).toBe(` (known: ${names(30).join(', ')} and 2970 more)`);
});

test('a word that no one would spell by hand is like none', () => {
  expect(nearest('n'.repeat(101), ['n'.repeat(100)])).toMatch(/known: n+\)$/);
  expect(nearest('n'.repeat(100), ['n'.repeat(101)])).toMatch(/did you mean/);
});

test('one after the other, the same word is told of the same, and the words behind the twentieth of nothing', () => {
  const told = nearestAmong(names(9));
  expect(names(25).map((name) => told(`x${name}`) !== '')).toEqual(Array.from({ length: 25 }, (_, at) => at < 20));
  expect(told('xname3')).toBe(' (did you mean "name3"?)');
});

test('a large config whose references are all misspelt is told of with all of them, and in few words', () => {
  const all = names(300);
  const routes = all.map((name) => `{prefix: /${name}, upstream: "https://a.example", credential: x-${name}}`);
  const credentials = all.map((name) => `${name}: {type: static, token: abc}`);
  const faults = faultsOf(`credentials: {${credentials.join(', ')}}\nroutes: [${routes.join(', ')}]\n`);
  expect(faults).toHaveLength(300);
  expect(faults[7]).toMatch(/routes\[7\]\.credential: names no credential \(did you mean "name7"\?\)$/);
  expect(faults[299]).toMatch(/routes\[299\]\.credential: names no credential$/);
});
