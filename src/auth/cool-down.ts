import type { Clock } from '../clock.ts';
import type { Token } from './token.ts';

const SHORTEST_MS = 10_000;
const LONGEST_MS = 300_000;
const MINUTE_MS = 60_000;
const USELESS_PER_MINUTE = 10;

/**
 * A route that refuses new tokens too is let alone: renewing for it is useless and costs the token endpoint. One
 * accepted request ends the pause, unless useless renewals are so many that healthy requests beside them would
 * only wind it up again.
 */
export class CoolDown {
  readonly #clock: Clock;
  readonly #began: (ms: number) => void;
  #untilMs = 0;
  #nextMs = SHORTEST_MS;
  #lastUseless: Token | undefined;
  #uselessAtMs: number[] = [];

  /** `began` hears of each pause, and how long it is. */
  constructor(clock: Clock, began: (ms: number) => void = () => {}) {
    this.#clock = clock;
    this.#began = began;
  }

  get active(): boolean {
    return this.#clock.monotonicMs() < this.#untilMs;
  }

  /** The second try of a request was refused, with this token. Each token counts once, however many tried it. */
  secondRefusal(token: Token): void {
    if (token === this.#lastUseless) return;
    this.#lastUseless = token;
    const nowMs = this.#clock.monotonicMs();
    this.#uselessAtMs = [...this.#uselessAtMs.filter((atMs) => nowMs - atMs < MINUTE_MS), nowMs];
    this.#untilMs = nowMs + this.#nextMs;
    this.#began(this.#nextMs);
    this.#nextMs = Math.min(this.#nextMs * 2, LONGEST_MS);
  }

  /** The API took a token on this route. */
  accepted(): void {
    if (this.#lastUseless === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    const recent = this.#uselessAtMs.filter((atMs) => nowMs - atMs < MINUTE_MS).length;
    if (recent >= USELESS_PER_MINUTE && this.active) return;
    this.#untilMs = 0;
    this.#nextMs = SHORTEST_MS;
    this.#lastUseless = undefined;
  }
}
