import type { Clock } from '../clock.ts';
import { asFailure, Failure, problem, reason } from '../errors.ts';
import type { Answer, AnswerFlow, AnswerHead, RetryOutcome } from '../exchange.ts';
import { Fields } from '../fields.ts';
import { returnable } from './headers.ts';
import { withoutInjected } from './location.ts';
import type { RequestRecord } from './record.ts';

export interface RelayOptions {
  readonly client: Answer;
  readonly record: RequestRecord;
  readonly clock: Clock;
  /** Called once, when the exchange is over, however it ended. */
  readonly over: () => void;
}

/** What of a route its answers depend on. */
export interface RelayedRoute {
  /** Milliseconds that the client may leave a chunk untaken. */
  readonly idleMs: number;
  /** The query parameter that the token goes into. */
  readonly parameter?: string | undefined;
}

const nothing: AnswerFlow = { resume: () => {}, cancel: () => {} };

/**
 * The way back: passes an answer on to the client and keeps the record of it. The one place where a failure becomes
 * an answer: a problem while nothing has been sent, a cut connection behind that, never a short body that looks whole.
 */
export class Relay implements Answer {
  #route: RelayedRoute = { idleMs: 30_000 };
  readonly #client: Answer;
  readonly #record: RequestRecord;
  readonly #clock: Clock;
  readonly #onOver: () => void;
  /** The API's, once it is on its way to the client. */
  #head: AnswerHead | undefined;
  #over = false;
  #flow = nothing;
  #taken = (): void => {};

  constructor({ client, record, clock, over }: RelayOptions) {
    this.#client = client;
    this.#record = record;
    this.#clock = clock;
    this.#onOver = over;
  }

  /** What comes from now on comes by this route. */
  follow(route: RelayedRoute): void {
    this.#route = route;
  }

  interim(head: AnswerHead): void {
    if (!this.#over) this.#client.interim({ ...head, fields: this.#cleaned(returnable(head)) });
  }

  head(head: AnswerHead, flow: AnswerFlow): void {
    if (this.#over) return;
    this.#flow = flow;
    this.#record.status = head.status;
    this.#record.upstreamMs = head.upstreamMs;
    this.#record.retry = head.retry;
    const fields = this.#cleaned(returnable(head));
    const marked = head.retry === undefined ? fields : fields.with('Bearerway-Retry', head.retry);
    this.#client.head({ ...head, fields: marked }, { resume: this.#resume, cancel: () => flow.cancel() });
    this.#head = head;
  }

  data(chunk: Buffer): boolean {
    if (this.#over) return true;
    this.#record.bytesOut += chunk.length;
    const ready = this.#client.data(chunk);
    if (!ready) this.#awaitClient();
    return ready;
  }

  end(trailers: Fields): void {
    if (this.#over) return;
    const head = this.#head;
    this.#client.end(
      head === undefined || trailers.count === 0 ? Fields.none : this.#cleaned(returnableTrailers(head, trailers)),
    );
    this.#finish();
  }

  fail(thrown: unknown, retry?: RetryOutcome): void {
    if (this.#over) return;
    const failure = asFailure(thrown);
    this.#record.retry ??= retry;
    this.#record.error = failure.code;
    this.#record.reason = reason(failure);
    if (this.#head !== undefined) this.#client.fail(failure);
    else this.#answerWith(failure);
    this.#finish();
  }

  /** There is nobody to answer any more: the client has gone, or we cut it off. */
  abandon(error: 'client_left' | 'shut_down'): void {
    if (this.#over) return;
    this.#record.error = error;
    this.#finish();
  }

  #cleaned(fields: Fields): Fields {
    return this.#route.parameter === undefined ? fields : withoutInjected(fields, this.#route.parameter);
  }

  #answerWith(failure: Failure): void {
    const { status, reason: phrase, fields, body } = problem(failure, this.#record.requestId);
    this.#record.status = status;
    this.#record.bytesOut += body.length;
    const { retry } = this.#record;
    const marked = retry === undefined ? fields : fields.with('Bearerway-Retry', retry);
    this.#client.head({ status, reason: phrase, fields: marked }, nothing);
    this.#client.data(body);
    this.#client.end(Fields.none);
  }

  #awaitClient(): void {
    this.#taken();
    this.#taken = this.#clock.after(this.#route.idleMs, () => {
      this.#flow.cancel();
      this.fail(new Failure('request_timeout', 'the client does not read its answer'));
    });
  }

  readonly #resume = (): void => {
    this.#taken();
    this.#flow.resume();
  };

  #finish(): void {
    this.#over = true;
    this.#taken();
    this.#onOver();
  }
}

/** RFC 9110 §6.5.1: what says where a message goes and where it ends stands before it, or says nothing. */
const headOnly = new Set(['content-length', 'host', 'trailer', 'proxy-authenticate']);

function returnableTrailers({ status, fields }: AnswerHead, trailers: Fields): Fields {
  const named = new Set(fields.tokens('connection'));
  return returnable({ status, fields: trailers }).without((name) => headOnly.has(name) || named.has(name));
}
