/** What happened in one second. */
export interface Second {
  readonly requests: number;
  readonly errors: number;
}

const SECONDS = 60;

/** Counts requests by the second, for a minute. */
export class LastMinute {
  readonly #requests = new Uint32Array(SECONDS);
  readonly #errors = new Uint32Array(SECONDS);
  /** The second under way. */
  #second = 0;

  add(nowMs: number, isError: boolean): void {
    const at = this.#moveTo(nowMs);
    this.#requests[at] = (this.#requests[at] as number) + 1;
    if (isError) this.#errors[at] = (this.#errors[at] as number) + 1;
  }

  /** The oldest first; the second under way is the last. */
  read(nowMs: number): Second[] {
    const at = this.#moveTo(nowMs);
    return Array.from({ length: SECONDS }, (_, i) => {
      const slot = (at + 1 + i) % SECONDS;
      return { requests: this.#requests[slot] ?? 0, errors: this.#errors[slot] ?? 0 };
    });
  }

  /** Gives the place of the second under way; those that have passed since the last one had nothing in them. */
  #moveTo(nowMs: number): number {
    const now = Math.floor(nowMs / 1000);
    if (now !== this.#second) {
      for (let passed = Math.max(this.#second + 1, now - SECONDS + 1); passed <= now; passed += 1) {
        this.#requests[passed % SECONDS] = 0;
        this.#errors[passed % SECONDS] = 0;
      }
      this.#second = now;
    }
    return now % SECONDS;
  }
}
