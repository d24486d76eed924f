/** What is set for one provider, by the start options and then through `/_sandbox`. */
import type { Clock } from '../clock.ts';
import { formatDuration } from '../units.ts';
import { Delay } from './delay.ts';
import type { FaultOrder, StatusOrder } from './fault-order.ts';
import type { AnswerForm } from './providers.ts';

export class Faults {
  readonly delay: Delay;
  readonly tokenStatus = new StatusFault();
  readonly apiStatus = new StatusFault();
  #lifetimeMs: number;
  #answer: AnswerForm;

  constructor(initial: { readonly lifetimeMs: number; readonly answer: AnswerForm }, clock: Clock) {
    this.#lifetimeMs = initial.lifetimeMs;
    this.#answer = initial.answer;
    this.delay = new Delay(clock);
  }

  /** Of tokens issued from now on. */
  get lifetimeMs(): number {
    return this.#lifetimeMs;
  }

  get answer(): AnswerForm {
    return this.#answer;
  }

  apply(order: FaultOrder): void {
    this.#lifetimeMs = order.lifetimeMs ?? this.#lifetimeMs;
    this.#answer = order.answer ?? this.#answer;
    if (order.tokenStatus !== undefined) this.tokenStatus.set(order.tokenStatus);
    if (order.apiStatus !== undefined) this.apiStatus.set(order.apiStatus);
    if (order.delayMs !== undefined) this.delay.set(order.delayMs);
  }

  toJSON() {
    return {
      lifetime: formatDuration(this.#lifetimeMs),
      answer: this.#answer,
      delay: formatDuration(this.delay.ms),
      tokenStatus: this.tokenStatus.toJSON(),
      apiStatus: this.apiStatus.toJSON(),
    };
  }
}

/** A status in place of the true answer, for so many requests or until it is taken back. */
class StatusFault {
  #order: StatusOrder | null = null;
  #left = 0;

  set(order: StatusOrder | null): void {
    this.#order = order;
    this.#left = order?.times ?? Number.POSITIVE_INFINITY;
  }

  /** For each request once, on its arrival. */
  take(): StatusOrder | undefined {
    if (this.#order === null) return undefined;
    const order = this.#order;
    this.#left -= 1;
    if (this.#left <= 0) this.#order = null;
    return order;
  }

  toJSON() {
    if (this.#order === null) return null;
    const { status, retryAfterS, times } = this.#order;
    return { status, times: times === undefined ? null : this.#left, retryAfter: retryAfterS ?? null };
  }
}
