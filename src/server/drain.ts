import type { Clock } from '../clock.ts';
import type { BoundListener } from './bind.ts';

export interface DrainOptions {
  /** Milliseconds to go on taking connections, for those who have not heard yet that we are leaving. */
  readonly delay: number;
  /** Milliseconds after that for what is under way; then it is cut. */
  readonly timeout: number;
  readonly clock: Clock;
}

/** Ends listeners without losing a request. Resolves when the last connection is gone. */
export async function drain(
  listeners: readonly BoundListener[],
  { delay, timeout, clock }: DrainOptions,
): Promise<void> {
  for (const listener of listeners) listener.drain();
  if (delay > 0) await new Promise<void>((resolve) => clock.after(delay, resolve));
  let isOver = false;
  const cancel = clock.after(timeout, () => {
    isOver = true;
    for (const listener of listeners) listener.cut();
  });
  await Promise.all(listeners.map((listener) => ended(listener, () => isOver)));
  cancel();
}

/**
 * Takes no connections any more but those that wait already; resolves when the last one is gone. What is taken when all is
 * over is cut as well.
 */
async function ended(listener: BoundListener, isOver: () => boolean): Promise<void> {
  await listener.takeWaiting();
  if (isOver()) listener.cut();
  await listener.stop();
}
