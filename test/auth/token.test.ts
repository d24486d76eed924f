import { expect, test } from 'vitest';
import { type Token, tokenState } from '../../src/auth/token.ts';
import { Secret } from '../../src/secret.ts';
import { MovedClock } from '../support/clock.ts';

function tokenNow(clock: MovedClock): Token {
  return {
    value: new Secret('x'),
    requestedAtMs: clock.monotonicMs(),
    requestedAtWallMs: clock.wallMs(),
    lifetimeMs: 100_000,
    staleAfterMs: 80_000,
  };
}

test.each([
  [0, 'fresh'],
  [79_999, 'fresh'],
  [80_000, 'stale'],
  [99_999, 'stale'],
  [100_000, 'expired'],
  [1e9, 'expired'],
] as const)('%d ms after its request a token of 100 s is %s', (ageMs, state) => {
  const clock = new MovedClock();
  const token = tokenNow(clock);
  clock.advance(ageMs);

  expect(tokenState(token, clock)).toBe(state);
});

test.each([
  [30_000, 'fresh'],
  [30_001, 'stale'],
  [3_600_000, 'stale'],
  [10 * 365 * 86_400_000, 'stale'],
  [-3_600_000, 'fresh'],
  [-10 * 365 * 86_400_000, 'fresh'],
] as const)('L10 the wall clock alone moves by %d ms: the token is %s, never expired', (ms, state) => {
  const clock = new MovedClock();
  const token = tokenNow(clock);
  clock.advance(1000);
  clock.jump(ms);

  expect(tokenState(token, clock)).toBe(state);
});

test('L10 a wall clock that was set back does not keep an old token alive', () => {
  const clock = new MovedClock();
  const token = tokenNow(clock);
  clock.jump(-3_600_000);
  clock.advance(100_000);

  expect(tokenState(token, clock)).toBe('expired');
});
