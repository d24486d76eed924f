import fc from 'fast-check';
import { expect, test } from 'vitest';
import { generationOf, Seal } from '../../../src/auth/store/seal.ts';
import { OTHER_STORE_KEY, STORE_KEY } from '../../support/store-keys.ts';

const key = Buffer.from(STORE_KEY, 'base64');
const seal = new Seal(() => key);

test('what was sealed opens again, in its place', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, place) => {
      expect(seal.open(seal.seal(text, place), place)).toBe(text);
    }),
  );
});

test('it does not open in another place, nor with another key', () => {
  const sealed = seal.seal('canary', 'a');
  expect(seal.open(sealed, 'b')).toBeUndefined();
  expect(new Seal(() => Buffer.from(OTHER_STORE_KEY, 'base64')).open(sealed, 'a')).toBeUndefined();
});

test('it does not open when one bit of it was changed, wherever that is', () => {
  const sealed = seal.seal('canary', 'a');
  for (let at = 0; at < sealed.length; at += 1) {
    // The last characters before padding may hold bits that mean nothing.
    const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`;
    const bytes = (text: string) => Buffer.from(text, 'base64').toString('hex');
    if (bytes(changed) !== bytes(sealed)) expect(seal.open(changed, 'a')).toBeUndefined();
  }
});

test('whatever else is there is none', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      expect(seal.open(text, 'a')).toBeUndefined();
    }),
  );
});

test('the same text is never sealed the same way twice', () => {
  const all = Array.from({ length: 1000 }, () => seal.seal('canary', 'a'));
  expect(new Set(all.map(generationOf)).size).toBe(1000);
  for (const sealed of all) expect(sealed).not.toContain('canary');
});

test('a new key is used from when it is there', () => {
  let now = key;
  const changing = new Seal(() => now);
  const old = changing.seal('canary', 'a');
  now = Buffer.from(OTHER_STORE_KEY, 'base64');
  expect(changing.open(old, 'a')).toBeUndefined();
  expect(changing.open(changing.seal('canary', 'a'), 'a')).toBe('canary');
});
