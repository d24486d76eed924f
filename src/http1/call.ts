import type { Failure } from '../errors.ts';
import type { Answer, AnswerFlow, OutboundRequest } from '../exchange.ts';

/** RFC 9110 §9.2.2: what may be sent twice. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** What carries a call. */
export interface CallCarrier {
  /** The receiver of the answer takes bytes again. */
  resume(): void;
  /** The call is over; what is left of its answer is read if it is not much. */
  readOff(): void;
  destroy(): void;
}

function notQueued(): void {}

/** One request that is to be answered once, on whichever connection carries it. */
export class Call implements AnswerFlow {
  readonly request: OutboundRequest;
  readonly answer: Answer;
  readonly sentAtMs: number;
  connection: CallCarrier | undefined;
  /** It waits no more. */
  dequeue = notQueued;
  /** A connection that has served before has failed it. */
  failedOnce = false;
  #over = false;

  constructor(request: OutboundRequest, answer: Answer, sentAtMs: number) {
    this.request = request;
    this.answer = answer;
    this.sentAtMs = sentAtMs;
  }

  get over(): boolean {
    return this.#over;
  }

  /** True the first time: nothing is told to its answer behind that but its end. */
  finish(): boolean {
    const first = !this.#over;
    this.#over = true;
    this.dequeue();
    return first;
  }

  fail(failure: Failure): void {
    if (this.finish()) this.answer.fail(failure);
  }

  /** Nobody hears its answer any more: the client has left. */
  abort(): void {
    if (this.finish()) this.connection?.destroy();
  }

  /** It may be sent again: nobody can tell that it was, or that does no harm. */
  get repeatable(): boolean {
    const { method, body } = this.request;
    return !this.#over && !this.failedOnce && idempotent.has(method) && (body === undefined || body.replayable);
  }

  resume(): void {
    if (!this.#over) this.connection?.resume();
  }

  cancel(): void {
    if (this.finish()) this.connection?.readOff();
  }
}
