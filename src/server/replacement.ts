/** Milliseconds. One that dies younger may do so again and again: what comes after the next is made to wait. */
const LONG_LIFE_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** How long nobody takes the place of a worker that died. */
export class ReplacementPause {
  #startedAtMs = 0;
  /** How many died young, one after the other. */
  #young = 0;

  started(nowMs: number): void {
    this.#startedAtMs = nowMs;
  }

  /** Milliseconds. */
  afterDeath(nowMs: number): number {
    if (nowMs - this.#startedAtMs >= LONG_LIFE_MS) this.#young = 0;
    const pauseMs = this.#young === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (this.#young - 1), LONGEST_PAUSE_MS);
    this.#young += 1;
    return pauseMs;
  }
}
