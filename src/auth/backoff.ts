import type { Clock } from '../clock.ts';
import type { Failure } from '../errors.ts';

const RETRY_BASE_MS = 500;
const RETRY_CAP_MS = 60_000;
const REFUSED_BASE_MS = 30_000;
const REFUSED_CAP_MS = 300_000;
const RETRY_AFTER_MIN_MS = 1000;
const RETRY_AFTER_MAX_MS = 300_000;
const RETRY_AFTER_JITTER = 0.1;

/**
 * When a token endpoint that failed may be asked again. What may pass is tried again soon: exponential, with full
 * jitter. A refusal of our client stays one until somebody changes something. `Retry-After` (RFC 9110 §10.2.3) is
 * obeyed, with some jitter on top, as many may be told the same; it makes no wait shorter.
 */
export class Backoff {
  readonly #clock: Clock;
  readonly #random: () => number;
  #failure: Failure | undefined;
  /** Since the last success, each kind on its own: an outage does not make a refused client better known. */
  #refusals = 0;
  #outages = 0;
  #untilMs = 0;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** What failed last; undefined once something succeeded. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Milliseconds until the endpoint may be asked again; 0: now. */
  get remainingMs(): number {
    return Math.max(0, this.#untilMs - this.#clock.monotonicMs());
  }

  failed(failure: Failure): void {
    this.#failure = failure;
    this.#untilMs = this.#clock.monotonicMs() + this.#delayMs(failure);
  }

  /** Somebody changed what made our client refused: the endpoint may be asked at once. */
  secretChanged(): void {
    this.#refusals = 0;
    this.#untilMs = 0;
  }

  succeeded(): void {
    this.#failure = undefined;
    this.#refusals = 0;
    this.#outages = 0;
    this.#untilMs = 0;
  }

  #delayMs(failure: Failure): number {
    return Math.max(this.#ownDelayMs(failure), this.#toldDelayMs(failure));
  }

  #ownDelayMs({ code }: Failure): number {
    if (code === 'token_refused') return doubled(REFUSED_BASE_MS, REFUSED_CAP_MS, this.#refusals++);
    return this.#random() * doubled(RETRY_BASE_MS, RETRY_CAP_MS, this.#outages++);
  }

  #toldDelayMs({ retryAfterMs }: Failure): number {
    if (retryAfterMs === undefined) return 0;
    const toldMs = Math.min(Math.max(retryAfterMs, RETRY_AFTER_MIN_MS), RETRY_AFTER_MAX_MS);
    return toldMs * (1 + RETRY_AFTER_JITTER * this.#random());
  }
}

function doubled(base: number, cap: number, times: number): number {
  return Math.min(base * 2 ** times, cap);
}
