import { expect, onTestFinished, test, vi } from 'vitest';
import { GivenSource, type GivenValue } from '../../src/auth/given-source.ts';
import type { Token } from '../../src/auth/token.ts';
import { Failure } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { MovedClock } from '../support/clock.ts';
import { codeOf, settled } from './source.ts';

const nobodyLeaves = new AbortController().signal;

/** A source whose readings end when the test says so. */
function begin({ rotates = true } = {}) {
  const clock = new MovedClock();
  const readings: PromiseWithResolvers<GivenValue>[] = [];
  const warnings: string[] = [];
  const outcomes: (Token | Failure)[] = [];
  const read = (): Promise<GivenValue> => {
    const reading = Promise.withResolvers<GivenValue>();
    readings.push(reading);
    return reading.promise;
  };
  const warn = (message: string): void => void warnings.push(message);
  const source = new GivenSource({ credential: 'main', given: { rotates, read }, clock, warn });
  source.listen((outcome) => outcomes.push(outcome));
  const find = async (value: string, livesMs?: number): Promise<void> => {
    const expiresAtMs = livesMs === undefined ? undefined : clock.wallMs() + livesMs;
    readings.at(-1)?.resolve({ value: new Secret(value), expiresAtMs });
    await settled();
  };
  const fail = async (): Promise<void> => {
    readings.at(-1)?.reject(new Failure('token_invalid', 'it is bad'));
    await settled();
  };
  return { clock, source, readings, warnings, outcomes, find, fail };
}

test('however many wait, one reading serves them', async () => {
  const { source, readings, find } = begin();
  const waiting = Array.from({ length: 100 }, () => source.get(nobodyLeaves));
  await find('a');

  expect(new Set(await Promise.all(waiting))).toEqual(new Set([source.current()]));
  expect(readings).toHaveLength(1);
});

test('who waits may leave; the others get the token', async () => {
  const { source, find } = begin();
  const leaving = new AbortController();
  const first = source.get(leaving.signal);
  const other = source.get(nobodyLeaves);
  leaving.abort(new Error('left'));
  await expect(first).rejects.toThrow('left');
  await find('a');

  expect((await other).value.reveal()).toBe('a');
});

test('a token that stands there unchanged is the same token, and no news', async () => {
  const { source, clock, outcomes, find } = begin();
  source.watch();
  await find('a', 60_000);
  const token = source.current();
  for (let looks = 0; looks < 5; looks++) {
    clock.advance(5000);
    await find('a', 60_000);
    expect(source.current()).toBe(token);
  }
  expect(outcomes).toEqual([token]);
});

test('what cannot change is read once', async () => {
  const { source, clock, readings, find } = begin({ rotates: false });
  source.watch();
  await find('a');
  const token = await source.get(nobodyLeaves);
  expect(clock.waiting).toBe(0);
  expect(await codeOf(source.renew(token, nobodyLeaves))).toBe('token_refused');

  expect(readings).toHaveLength(1);
});

test('a refused token that is not the current one any more is answered with that, without a reading', async () => {
  const { source, clock, readings, find } = begin();
  source.watch();
  await find('a');
  const first = await source.get(nobodyLeaves);
  clock.advance(5000);
  await find('b');

  expect((await source.renew(first, nobodyLeaves)).value.reveal()).toBe('b');
  expect(readings).toHaveLength(2);
});

test('it is said once of each token that it was refused', async () => {
  const { source, warnings, find } = begin();
  for (const value of ['a', 'a', 'a', 'b', 'b']) {
    const got = source.current() ?? source.get(nobodyLeaves);
    await find(value);
    const renewing = source.renew(await got, nobodyLeaves).catch((failure: unknown) => failure);
    await find(value);
    await renewing;
  }
  expect(warnings).toHaveLength(2);
});

test('a reading that fails is told with its code and when to come again, and leaves a good token in use', async () => {
  const { source, clock, find, fail } = begin();
  const failing = source.get(nobodyLeaves).catch((failure: unknown) => failure);
  await fail();
  expect(await failing).toMatchObject({ code: 'token_invalid', retryAfterMs: 5000 });
  expect(source).toMatchObject({ failure: { code: 'token_invalid' }, latest: undefined });

  source.watch();
  await find('a', 60_000);
  expect(source.failure).toBeUndefined();
  clock.advance(5000);
  await fail();
  expect(source.current()?.value.reveal()).toBe('a');
  expect(source.failure?.code).toBe('token_invalid');
});

test('a failure is told once, however many wait, and to each of them', async () => {
  const { source, outcomes, fail } = begin();
  const waiting = Array.from({ length: 100 }, () => codeOf(source.get(nobodyLeaves)));
  await fail();

  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['token_invalid']));
  expect(outcomes).toHaveLength(1);
});

test('an expired token stays expired, whatever the wall clock says later', async () => {
  const { source, clock, find } = begin();
  source.watch();
  await find('a', 60_000);
  clock.advance(60_000);
  clock.jump(-3_600_000);
  const asking = codeOf(source.get(nobodyLeaves));
  await find('a', 3_600_000);

  expect(await asking).toBe('token_unavailable');
  expect(source.current()).toBeUndefined();
});

test('a reading that does not end is given up, and not begun again', async () => {
  const { source, readings, find } = begin();
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort());
  onTestFinished(() => timeout.mockRestore());
  for (let asked = 0; asked < 10; asked++) expect(await codeOf(source.get(nobodyLeaves))).toBe('token_unavailable');
  expect(source.failure?.detail).toMatch(/cannot be read in time/);
  expect(readings).toHaveLength(1);

  timeout.mockRestore();
  const waiting = source.get(nobodyLeaves);
  await find('a');
  expect((await waiting).value.reveal()).toBe('a');
  expect(readings).toHaveLength(1);
});

test.each(['before', 'after'])('stopped %s its reading ends, it looks no more', async (when) => {
  const { source, clock, readings, find } = begin();
  const stop = source.watch();
  if (when === 'before') stop();
  await find('a');
  if (when === 'after') stop();
  clock.advance(3_600_000);

  expect(clock.waiting).toBe(0);
  expect(readings).toHaveLength(1);
});
