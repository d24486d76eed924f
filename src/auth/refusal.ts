import { Blocks } from '../blocks.ts';
import type { Failure } from '../errors.ts';
import type { Answer, AnswerFlow, AnswerHead, RetryOutcome } from '../exchange.ts';
import { Fields } from '../fields.ts';

/** So much of a refusal is read while nobody knows yet whether it will be the answer. Bytes. */
const MOST_HELD = 65_536;

/** Decides on the head of a first answer: `hold` it for now; else it is the client's, with `retry` on it if there is one. */
export interface Judge {
  judge(head: AnswerHead, refusal: HeldRefusal): 'hold' | RetryOutcome | undefined;
}

/**
 * The answer to a first try. It goes straight through unless it is refused and held; then its head and the first of
 * its body wait here until it is released to the client or dropped for a second try.
 */
export class HeldRefusal implements Answer {
  readonly #answer: Answer;
  readonly #judge: Judge;
  #flow: AnswerFlow | undefined;
  #held: AnswerHead | undefined;
  #body: Blocks | undefined;
  #ending: Fields | Failure | undefined;

  constructor(answer: Answer, judge: Judge) {
    this.#answer = answer;
    this.#judge = judge;
  }

  interim(head: AnswerHead): void {
    this.#answer.interim(head);
  }

  head(head: AnswerHead, flow: AnswerFlow): void {
    this.#flow = flow;
    const retry = this.#judge.judge(head, this);
    if (retry === 'hold') this.#held = head;
    else this.#answer.head(retry === undefined ? head : { ...head, retry }, flow);
  }

  data(chunk: Buffer): boolean {
    if (this.#held === undefined) return this.#answer.data(chunk);
    this.#body ??= blocks();
    this.#body.append(chunk);
    return this.#body.length < MOST_HELD;
  }

  end(trailers: Fields): void {
    if (this.#held === undefined) this.#answer.end(trailers);
    else this.#ending = trailers;
  }

  fail(failure: Failure): void {
    if (this.#held === undefined) this.#answer.fail(failure);
    else this.#ending = failure;
  }

  /** A second try takes its place. */
  drop(): void {
    if (this.#ending === undefined) this.#flow?.cancel();
    this.#body = undefined;
  }

  /** It is the answer after all. */
  release(retry: RetryOutcome): void {
    const head = this.#held;
    const flow = this.#flow;
    if (head === undefined || flow === undefined) return;
    this.#held = undefined;
    this.#answer.head({ ...head, retry }, flow);
    let ready = true;
    for (const chunk of this.#body?.chunks ?? []) ready = this.#answer.data(chunk);
    this.#body = undefined;
    if (this.#ending instanceof Fields) this.#answer.end(this.#ending);
    else if (this.#ending !== undefined) this.#answer.fail(this.#ending);
    else if (ready) flow.resume();
  }
}

/** Takes what comes: who sends more than was asked for must not lose a byte. */
function blocks(): Blocks {
  return new Blocks({ most: Number.POSITIVE_INFINITY, take: () => true });
}
