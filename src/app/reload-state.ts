import type { Clock } from '../clock.ts';

export interface ReloadOutcome {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly ok: boolean;
  /** What was wrong, a line each; empty when nothing was. */
  readonly message: string;
}

/** How reloads of the configuration went. */
export class ReloadState {
  readonly #clock: Clock;
  #last: ReloadOutcome | undefined;
  #failures = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined: there was none yet. */
  get last(): ReloadOutcome | undefined {
    return this.#last;
  }

  /** How many came to nothing since the start. */
  get failures(): number {
    return this.#failures;
  }

  succeeded(): void {
    this.#last = { atMs: this.#clock.wallMs(), ok: true, message: '' };
  }

  failed(message: string): void {
    this.#failures += 1;
    this.#last = { atMs: this.#clock.wallMs(), ok: false, message };
  }
}
