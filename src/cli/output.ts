import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';

/** Milliseconds: for a person at a pager, and still an end where nobody ever reads. */
const LONGEST_WAIT_MS = 60_000;

/** What a command writes for whoever started it. A reader that has gone is no fault of ours. */
export class Output {
  readonly #stream: Writable;
  readonly #clock: Clock;

  constructor(stream: Writable, clock: Clock) {
    this.#stream = stream.on('error', () => {});
    this.#clock = clock;
  }

  /** Resolves when all that was written has been taken, or its reader has gone, or after a minute. */
  taken(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(LONGEST_WAIT_MS, resolve);
      this.#stream.write('', () => {
        cancel();
        resolve();
      });
    });
  }
}
