import { expect, test } from 'vitest';
import { systemClock } from '../src/clock.ts';

test('a timer is never early, not by a fraction of a millisecond', async () => {
  const delays = Array.from({ length: 40 }, (_, i) => i / 2 + 0.499);

  const early = await Promise.all(
    delays.map((delayMs) => {
      const dueMs = systemClock.monotonicMs() + delayMs;
      return new Promise<number>((resolve) => {
        systemClock.after(delayMs, () => resolve(Math.max(0, dueMs - systemClock.monotonicMs())));
      });
    }),
  );

  expect(early.filter((ms) => ms > 0)).toEqual([]);
});

test('a timer that was cancelled does not call', async () => {
  let called = false;
  const cancel = systemClock.after(0.5, () => {
    called = true;
  });
  cancel();

  await new Promise<void>((resolve) => systemClock.after(5, resolve));

  expect(called).toBe(false);
});
