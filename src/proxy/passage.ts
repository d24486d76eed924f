import type { Clock } from '../clock.ts';
import type { Answer, OutboundBody } from '../exchange.ts';
import type { InFlight } from './in-flight.ts';
import { newRecord, type RequestObserver, type RequestRecord } from './record.ts';
import { Relay } from './relay.ts';

export interface PassageOptions {
  /** Counts the requests under way. */
  readonly inFlight: InFlight;
  readonly clock: Clock;
  readonly observe: RequestObserver;
}

/** Whose it is. */
export interface Traveller extends Pick<RequestRecord, 'requestId' | 'method' | 'client'> {
  /** Milliseconds that it took to come, before this. */
  readonly waitedMs?: number | undefined;
}

/** A request's way back, and what is to be told of it: one record, until all is over. */
export class Passage {
  readonly record: RequestRecord;
  readonly relay: Relay;
  /** The body, once it is on its way: it is settled when all is over. */
  body: OutboundBody | undefined;
  /** Where it counts as long as it has no answer. */
  #unanswered: InFlight | undefined;

  constructor(who: Traveller, client: Answer, { inFlight, clock, observe }: PassageOptions) {
    const beganAtMs = clock.monotonicMs() - (who.waitedMs ?? 0);
    const record = newRecord(who);
    const headed = (): void => this.#answered();
    const over = (): void => {
      this.#answered();
      this.body?.settle();
      record.endedAtMs = clock.monotonicMs();
      record.durationMs = record.endedAtMs - beganAtMs;
      observe(record);
      inFlight.ended();
    };
    inFlight.began();
    this.record = record;
    this.relay = new Relay({ client, record, clock, beganAtMs, headed, over });
  }

  /** It counts there as well until it has an answer. */
  countIn(unanswered: InFlight): void {
    unanswered.began();
    this.#unanswered = unanswered;
  }

  #answered(): void {
    this.#unanswered?.ended();
    this.#unanswered = undefined;
  }
}
