import { expect, test } from 'vitest';
import { Backoff } from '../../src/auth/backoff.ts';
import { retryAfterMs } from '../../src/auth/retry-after.ts';
import { Failure, type FailureCode } from '../../src/errors.ts';
import { MovedClock } from '../support/clock.ts';
import { read } from './response.ts';

/** How long one waits after each of these failures, each coming as soon as the one before lets it. */
function waits(codes: readonly FailureCode[], { random = 1, retryAfterMs = [] as readonly number[] } = {}): number[] {
  const clock = new MovedClock();
  const backoff = new Backoff(clock, () => random);
  return codes.map((code, i) => {
    const after = retryAfterMs[i];
    backoff.failed(new Failure(code, 'it failed', after === undefined ? {} : { retryAfterMs: after }));
    const { remainingMs } = backoff;
    clock.advance(remainingMs);
    expect(backoff.remainingMs).toBe(0);
    return remainingMs;
  });
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

test('what may pass is tried again after up to 500 ms, doubling to a minute', () => {
  const longest = [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000];

  expect(waits(times(10, 'token_unavailable'))).toEqual(longest);
  expect(waits(times(10, 'token_invalid'))).toEqual(longest);
  expect(waits(times(10, 'internal_error'))).toEqual(longest);
});

test('the jitter is full: from nothing to all of it', () => {
  expect(waits(times(3, 'token_unavailable'), { random: 0 })).toEqual([0, 0, 0]);
  expect(waits(times(3, 'token_unavailable'), { random: 0.5 })).toEqual([250, 500, 1000]);
});

test('failures of two kinds that may pass go on doubling: it is the same endpoint', () => {
  expect(waits(['token_unavailable', 'token_invalid', 'token_unavailable', 'token_invalid'])).toEqual([
    500, 1000, 2000, 4000,
  ]);
});

test('T13 a refusal is not tried again for 30 s, doubling to 5 min, without jitter', () => {
  expect(waits(times(6, 'token_refused'), { random: 0 })).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
});

test('an outage between two refusals does not make the client any better known', () => {
  expect(waits(['token_refused', 'token_unavailable', 'token_refused'])).toEqual([30_000, 500, 60_000]);
});

test('a thousand failures still wait a finite time', () => {
  expect(waits(times(1000, 'token_unavailable')).at(-1)).toBe(60_000);
});

test('Retry-After is obeyed, between 1 s and 5 min', () => {
  const retryAfterMs = [0, 999, 7000, 300_000, 315_360_000_000];

  expect(waits(times(5, 'token_unavailable'), { random: 0, retryAfterMs })).toEqual([
    1000, 1000, 7000, 300_000, 300_000,
  ]);
});

test('up to a tenth on top of Retry-After keeps those apart who were told the same', () => {
  const retryAfterMs = [7000, 60_000, 315_360_000_000];

  expect(waits(times(3, 'token_unavailable'), { random: 0.5, retryAfterMs })).toEqual([7350, 63_000, 315_000]);
  expect(waits(times(3, 'token_unavailable'), { random: 1, retryAfterMs })).toEqual([7700, 66_000, 330_000]);
});

test.each([0, 1000])('a Retry-After of %d ms, again and again, does not keep the waits from doubling', (told) => {
  const longest = [1100, 1100, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000];

  expect(waits(times(9, 'token_unavailable'), { retryAfterMs: times(9, told) })).toEqual(longest);
});

test('an outage whose end was told counts as one when the next one’s is not', () => {
  expect(waits(times(3, 'token_unavailable'), { retryAfterMs: [7000, 7000] })).toEqual([7700, 7700, 2000]);
});

test('a success forgets it all', () => {
  const clock = new MovedClock();
  const backoff = new Backoff(clock, () => 1);
  for (let i = 0; i < 5; i++) backoff.failed(new Failure('token_unavailable', 'it failed'));
  backoff.succeeded();

  expect(backoff).toMatchObject({ remainingMs: 0, failure: undefined });
  backoff.failed(new Failure('token_unavailable', 'it failed'));
  expect(backoff.remainingMs).toBe(500);
});

test.each<[string, number | undefined]>([
  ['7', 7000],
  [' 7 ', 7000],
  ['0', 0],
  ['315360000', 315_360_000_000],
  ['99999999999999', 99_999_999_999_999_000],
  ['Sat, 21 Nov 2026 00:00:07 GMT', 7000],
  ['Sat, 21 Nov 2026 00:00:00 GMT', 0],
  ['Fri, 20 Nov 2026 23:59:00 GMT', 0],
  ['Saturday, 21-Nov-26 00:00:07 GMT', 7000],
  ['Sat Nov 21 00:00:07 2026', 7000],
  ['soon', undefined],
  ['', undefined],
  ['7.5', undefined],
  ['-7', undefined],
  ['in 7 seconds', undefined],
  ['7, 8', undefined],
])('T15 Retry-After: %s', (value, expected) => {
  expect(retryAfterMs(value, new MovedClock().wallMs())).toBe(expected);
});

test.each([408, 429, 500, 503])('the Retry-After of a %d is taken from its answer', (status) => {
  expect(read('', { answer: { status, retryAfter: '7' } }).retryAfterMs).toBe(7000);
  expect(read('', { answer: { status, retryAfter: 'soon' } }).retryAfterMs).toBeUndefined();
});
