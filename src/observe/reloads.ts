import type { Clock } from '../clock.ts';

/** What became of changes of the config. */
export interface ReloadStatus {
  /** When one was read last: RFC 3339. */
  readonly at: string;
  /** It could be taken over. */
  readonly ok: boolean;
  /** Why not. */
  readonly error: string | null;
  readonly count: number;
  readonly failures: number;
}

/** Remembers what became of changes of the config. */
export class Reloads {
  readonly #clock: Clock;
  #count = 0;
  #failures = 0;
  #latest: Pick<ReloadStatus, 'at' | 'ok' | 'error'> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get failures(): number {
    return this.#failures;
  }

  succeeded(): void {
    this.#note(null);
  }

  /** `error`: why the config before it stays; a line each. */
  failed(error: string): void {
    this.#failures += 1;
    this.#note(error);
  }

  #note(error: string | null): void {
    this.#count += 1;
    this.#latest = { at: new Date(this.#clock.wallMs()).toISOString(), ok: error === null, error };
  }

  /** Null: nothing has changed since the start. */
  get status(): ReloadStatus | null {
    return this.#latest === undefined ? null : { ...this.#latest, count: this.#count, failures: this.#failures };
  }
}
