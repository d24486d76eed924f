import type { Failure } from '../errors.ts';
import type { Answer, AnswerFlow, AnswerHead } from '../exchange.ts';
import { BearerwayError } from './errors.ts';
import { toldFailure } from './told.ts';

/** Bytes of an answer that are held for who does not read them. */
const MOST_HELD = 65_536;

/** RFC 9110 §6.4.1: statuses whose answers have no body. */
const bodiless: readonly number[] = [204, 205, 304];

/** An answer that becomes a Response. */
export class OwnAnswer implements Answer {
  readonly #answered = Promise.withResolvers<Response>();
  readonly #isHead: boolean;
  readonly #leave: () => void;
  #flow: AnswerFlow | undefined;
  #waiting = false;
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;

  /** `leave` is called when nobody wants the rest. */
  constructor({ isHead, leave }: { readonly isHead: boolean; readonly leave: () => void }) {
    this.#isHead = isHead;
    this.#leave = leave;
  }

  /** Rejects where no answer came. */
  get response(): Promise<Response> {
    return this.#answered.promise;
  }

  interim(): void {}

  head({ status, reason, fields }: AnswerHead, flow: AnswerFlow): void {
    this.#flow = flow;
    try {
      const headers = new Headers();
      const { lines } = fields;
      for (let at = 0; at < lines.length; at += 2) headers.append(lines[at] ?? '', lines[at + 1] ?? '');
      const body = this.#isHead || bodiless.includes(status) ? null : this.#stream();
      this.#answered.resolve(new Response(body, { status, statusText: reason, headers }));
    } catch {
      // Such as a status of 999, which may stand on the wire.
      this.#answered.reject(new BearerwayError('upstream_invalid', 'no Response can be made of the answer'));
      this.#leave();
    }
  }

  data(chunk: Buffer): boolean {
    if (this.#body === undefined) return true;
    // A copy: what a Response gives may be transferred, with all that its memory holds.
    this.#body.enqueue(new Uint8Array(chunk));
    this.#waiting = (this.#body.desiredSize ?? 0) <= 0;
    return !this.#waiting;
  }

  end(): void {
    this.#body?.close();
    this.#body = undefined;
  }

  fail(failure: Failure): void {
    this.break(toldFailure(failure));
  }

  cut(): void {
    this.break(new BearerwayError('shut_down', 'the proxy was stopped before the answer had ended'));
  }

  /** Nothing more comes. */
  break(reason: unknown): void {
    this.#answered.reject(reason);
    this.#body?.error(reason);
    this.#body = undefined;
  }

  #stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#body = controller;
        },
        pull: () => {
          if (!this.#waiting) return;
          this.#waiting = false;
          this.#flow?.resume();
        },
        cancel: () => {
          this.#body = undefined;
          this.#leave();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MOST_HELD }),
    );
  }
}
