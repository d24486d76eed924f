import type { Clock } from '../clock.ts';

/** Looked at so often, and believed dead or hung when so many looks in a row found nothing: a busy machine may be late. */
const INTERVAL_MS = 10_000;
const MOST_MISSED = 3;

/** Calls `lost` once nothing has been heard of another process for half a minute. */
export class LifeSign {
  readonly #clock: Clock;
  readonly #lost: () => void;
  #missed = 0;
  #cancel = (): void => {};

  constructor(clock: Clock, lost: () => void) {
    this.#clock = clock;
    this.#lost = lost;
    this.#look();
  }

  heard(): void {
    this.#missed = 0;
  }

  /** Nobody is to be heard of any more. */
  stop(): void {
    this.#cancel();
  }

  #look(): void {
    this.#cancel = this.#clock.after(INTERVAL_MS, () => {
      this.#missed += 1;
      if (this.#missed > MOST_MISSED) this.#lost();
      else this.#look();
    });
  }
}
