/** Requests and answers that are small enough to be held whole. */
import { Failure } from '../errors.ts';
import type { Answer, AnswerFlow, AnswerHead, BodyFlow, OutboundBody } from '../exchange.ts';
import { Fields } from '../fields.ts';
import type { StopSignal } from '../stop.ts';

/** An answer larger than this is none. Bytes. */
export const LARGEST_ANSWER = 262_144;

const noFlow: BodyFlow = { pause() {}, resume() {}, detach() {} };

export function wholeBody(whole: Buffer): OutboundBody {
  return {
    length: whole.length,
    whole: [whole],
    replayable: true,
    lend: () => () => {},
    open(sink) {
      sink.data(whole);
      sink.end(Fields.none);
      return noFlow;
    },
    settle() {},
  };
}

/** Collects an answer. Both promises reject with the Failure, or with the signal's reason when that is aborted. */
export class ShortAnswer implements Answer {
  readonly began: Promise<AnswerHead>;
  readonly whole: Promise<string>;
  /** Why there is no whole body. */
  tooLarge = false;
  readonly #head = Promise.withResolvers<AnswerHead>();
  readonly #body = Promise.withResolvers<string>();
  readonly #chunks: Buffer[] = [];
  #flow: AnswerFlow | undefined;
  #size = 0;

  constructor(signal: StopSignal) {
    this.began = this.#head.promise;
    this.whole = this.#body.promise;
    // Whoever has no head asks for no body.
    this.whole.catch(() => {});
    const give = (): void => this.#fail(signal.reason);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  }

  interim(): void {}

  head(head: AnswerHead, flow: AnswerFlow): void {
    this.#flow = flow;
    this.#head.resolve(head);
  }

  data(chunk: Buffer): boolean {
    this.#size += chunk.length;
    if (this.#size <= LARGEST_ANSWER) {
      this.#chunks.push(chunk);
      return true;
    }
    this.tooLarge = true;
    this.#fail(new Failure('upstream_invalid', 'its answer is too large'));
    this.#flow?.cancel();
    return false;
  }

  end(): void {
    this.#body.resolve(Buffer.concat(this.#chunks).toString('utf8'));
  }

  fail(failure: Failure): void {
    this.#fail(failure);
  }

  #fail(reason: unknown): void {
    this.#head.reject(reason);
    this.#body.reject(reason);
  }
}
