/**
 * Found by the fuzz of answers on a busy machine: a timer whose time had passed by the moment that it was set had
 * Node.js print a TimeoutNegativeWarning on standard error.
 */
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';

test.each([-5000, -1.5, 0])('a timer of %d ms is due, and nobody is warned', async (delayMs) => {
  const warned = vi.spyOn(process, 'emitWarning');
  onTestFinished(() => warned.mockRestore());
  // A timer that keeps the process alive meanwhile, as those of the clock do not.
  const kept = setTimeout(() => {}, 10_000);
  onTestFinished(() => clearTimeout(kept));
  await new Promise<void>((resolve) => systemClock.after(delayMs, resolve));
  expect(warned).not.toHaveBeenCalled();
});
