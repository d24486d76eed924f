import type { Clock } from '../clock.ts';
import { asFailure, Failure, isRefusal, problem, reason } from '../errors.ts';
import type { Answer, AnswerFlow, AnswerHead, RetryOutcome } from '../exchange.ts';
import { Fields } from '../fields.ts';
import { resharedWith, sharedWith } from './cross-origin.ts';
import { returnable } from './headers.ts';
import { type LocatedMatch, relocated, withoutInjected } from './location.ts';
import type { RequestRecord } from './record.ts';
import { returnableTrailers } from './trailers.ts';

export interface RelayOptions {
  readonly client: Answer;
  readonly record: RequestRecord;
  readonly clock: Clock;
  /** When the request came, on the monotonic clock. */
  readonly beganAtMs: number;
  /** Called when the API's answer has begun. */
  readonly headed: () => void;
  /** Called once, when the exchange is over, however it ended. */
  readonly over: () => void;
}

/** What of a request's place its answers depend on. */
export interface RelayedMatch extends LocatedMatch {
  readonly route: LocatedMatch['route'] & {
    /** Milliseconds that the client may leave a chunk untaken. */
    readonly idleMs: number;
    /** The query parameter that the token goes into. */
    readonly parameter?: string | undefined;
  };
}

const ignored = (): void => {};
const nothing: AnswerFlow = { resume: ignored, cancel: ignored };
/** For an answer of our own, to a request that has no route: milliseconds. */
const IDLE = 30_000;

/**
 * The way back: passes an answer on to the client and keeps the record of it. The one place where a failure becomes
 * an answer: a problem while nothing has been sent, a cut connection behind that, never a short body that looks whole.
 */
export class Relay implements Answer, AnswerFlow {
  #match: RelayedMatch | undefined;
  #page: string | undefined;
  readonly #client: Answer;
  readonly #record: RequestRecord;
  readonly #clock: Clock;
  readonly #beganAtMs: number;
  readonly #onHeaded: () => void;
  readonly #onOver: () => void;
  /** The API's, once it is on its way to the client. */
  #head: AnswerHead | undefined;
  #over = false;
  /** Of the two sides of a tunnel, how many have ended. */
  #sidesEnded = 0;
  #flow = nothing;
  #taken = ignored;

  constructor({ client, record, clock, beganAtMs, headed, over }: RelayOptions) {
    this.#client = client;
    this.#record = record;
    this.#clock = clock;
    this.#beganAtMs = beganAtMs;
    this.#onHeaded = headed;
    this.#onOver = over;
  }

  /** What comes from now on comes by this route. */
  follow(match: RelayedMatch): void {
    this.#match = match;
  }

  /** The answer is for a page of this origin; undefined: for no page, or for nobody's. */
  shareWith(page: string | undefined): void {
    this.#page = page;
  }

  interim(head: AnswerHead): void {
    if (!this.#over) this.#client.interim({ ...head, fields: this.#cleaned(returnable(head)) });
  }

  head(head: AnswerHead, flow: AnswerFlow): void {
    if (this.#over) return;
    this.#flow = flow;
    this.#onHeaded();
    this.#record.status = head.status;
    const { status, reason, protocol, upstreamMs, retry } = head;
    this.#record.upstreamMs = upstreamMs;
    if (upstreamMs !== undefined)
      this.#record.overheadMs = Math.max(0, this.#clock.monotonicMs() - this.#beganAtMs - upstreamMs);
    this.#record.retry = retry;
    const cleaned = this.#cleaned(returnable(head));
    const fields = this.#match === undefined ? cleaned : relocated(cleaned, this.#match);
    const returned = retry === undefined ? fields : fields.with('Bearerway-Retry', retry);
    const marked = this.#page === undefined ? returned : resharedWith(this.#page, returned);
    this.#client.head({ status, reason, fields: marked, protocol, upstreamMs, retry }, this);
    this.#head = head;
  }

  data(chunk: Buffer): boolean {
    if (this.#over) return true;
    this.#record.bytesOut += chunk.length;
    const ready = this.#client.data(chunk);
    // Of a tunnel in which nothing moves, its sender sees to the end.
    if (!ready && !this.#isTunnel) this.#awaitClient();
    return ready;
  }

  end(trailers: Fields): void {
    if (this.#over) return;
    if (this.#isTunnel) {
      this.#client.end(Fields.none);
      this.#sideEnded();
      return;
    }
    const head = this.#head;
    const returned =
      head === undefined || trailers.count === 0 ? Fields.none : this.#cleaned(returnableTrailers(head, trailers));
    // First: with its end a request behind it on the same connection begins.
    this.#finish();
    this.#client.end(returned);
  }

  /** The client has ended its side of a tunnel. */
  clientEnded(): void {
    if (!this.#over) this.#sideEnded();
  }

  get #isTunnel(): boolean {
    return this.#head?.protocol !== undefined;
  }

  #sideEnded(): void {
    this.#sidesEnded += 1;
    if (this.#sidesEnded === 2) this.#finish();
  }

  fail(thrown: unknown, retry?: RetryOutcome): void {
    if (this.#over) return;
    const failure = asFailure(thrown);
    this.#record.retry ??= retry;
    this.#record.error = failure.code;
    this.#record.reason = reason(failure);
    if (isRefusal(failure)) this.#record.refusal = failure.detail;
    if (this.#head === undefined) this.#answerWith(failure);
    else {
      this.#client.fail(failure);
      this.#finish();
    }
  }

  /** There is nobody to answer any more: the client has gone, or we cut it off. */
  abandon(error: 'client_left' | 'shut_down'): void {
    if (this.#over) return;
    this.#record.error = error;
    this.#finish();
  }

  #cleaned(fields: Fields): Fields {
    const parameter = this.#match?.route.parameter;
    return parameter === undefined ? fields : withoutInjected(fields, parameter);
  }

  #answerWith(failure: Failure): void {
    const { status, reason: phrase, fields, body } = problem(failure, this.#record.requestId);
    const { retry } = this.#record;
    const marked = retry === undefined ? fields : fields.with('Bearerway-Retry', retry);
    this.answer({ status, reason: phrase, fields: marked }, body);
  }

  /** An answer that no API was asked for. */
  answer(head: AnswerHead, body?: Buffer): void {
    this.#record.status = head.status;
    const fields = this.#page === undefined ? head.fields : sharedWith(this.#page, head.fields);
    this.#client.head({ ...head, fields }, nothing);
    if (body !== undefined) {
      this.#record.bytesOut += body.length;
      this.#client.data(body);
    }
    this.#finish();
    this.#client.end(Fields.none);
  }

  #awaitClient(): void {
    this.#taken();
    this.#taken = this.#clock.after(this.#match?.route.idleMs ?? IDLE, () => {
      this.#flow.cancel();
      this.fail(new Failure('request_timeout', 'the client does not read its answer'));
    });
  }

  /** The client takes chunks again. */
  resume(): void {
    this.#taken();
    this.#flow.resume();
  }

  /** The client does not want the rest. */
  cancel(): void {
    this.#flow.cancel();
  }

  #finish(): void {
    this.#over = true;
    this.#taken();
    this.#onOver();
  }
}
