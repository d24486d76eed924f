import { expect, test } from 'vitest';
import { memoryStore } from '../../../src/auth/store/memory.ts';
import type { Token } from '../../../src/auth/token.ts';
import { Secret } from '../../../src/secret.ts';

const token = (value: string): Token => ({
  value: new Secret(value),
  requestedAtMs: 0,
  requestedAtWallMs: 0,
  lifetimeMs: 1,
  staleAfterMs: 1,
});

test('each place has its own token, the same object that was put there', () => {
  const store = memoryStore();
  const [a, b] = [store.place(), store.place()];
  const given = token('a');
  a.set(given);
  expect(a.get()).toBe(given);
  expect(b.get()).toBeUndefined();
});

test('what comes too late for a place that is closed is not remembered', () => {
  const place = memoryStore().place();
  place.set(token('early'));
  place.close();
  expect(place.get()).toBeUndefined();
  place.set(token('late'));
  expect(place.get()).toBeUndefined();
});
