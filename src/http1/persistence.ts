import type { OutboundBody } from '../exchange.ts';
import { limitsMs } from './deadlines.ts';
import type { IncomingAnswer } from './incoming-answer.ts';

/** Bytes of a body that any API has read when it has read the head. Who refuses more may never read on, and says nothing of it. */
const READ_WITH_HEAD = 16_384;

/** Whether a connection to an API may carry another request, and when (RFC 9112 §9.3). */
export class Persistence {
  readonly #bornAtMs: number;
  /** Behind that the API may have closed it. */
  #untilMs = 0;
  #isLarge = false;

  /** By the time of the world: the clock of the deadlines is late when we are. */
  constructor(nowMs: number) {
    this.#bornAtMs = nowMs;
  }

  /** A request with that body goes out. */
  asks(body: OutboundBody | undefined): void {
    this.#isLarge = body !== undefined && !(body.length !== undefined && body.length <= READ_WITH_HEAD);
  }

  /** Milliseconds that it may wait for another request, now that `answer` is whole; 0: there will be none. */
  behind(answer: IncomingAnswer, nowMs: number): number {
    const isUnread = this.#isLarge && answer.refuses;
    if (isUnread || !answer.persistent) return 0;
    const idleMs = answer.keepAliveMs === undefined ? limitsMs.idleApi : answer.keepAliveMs - limitsMs.idleApiMargin;
    const keptMs = Math.min(idleMs, this.#bornAtMs + limitsMs.apiConnectionLife - nowMs);
    this.#untilMs = nowMs + keptMs;
    return Math.max(keptMs, 0);
  }

  /** A request that goes out now finds it open. */
  lasts(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }
}
