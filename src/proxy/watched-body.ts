import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { BodySink, InboundBody } from '../exchange.ts';
import type { Fields } from '../fields.ts';

export interface WatchOptions {
  /** Milliseconds that the client may be silent while we wait for it. */
  readonly idleMs: number;
  readonly clock: Clock;
  /** Counts the bytes. */
  readonly record: { bytesIn: number };
  /** Those of its trailers that go on. */
  readonly passed: (trailers: Fields) => Fields;
}

/** A client's body that is counted, and fails with `request_timeout` when the client falls silent in the middle of it. */
export function watched(body: InboundBody, { idleMs, clock, record, passed }: WatchOptions): InboundBody {
  let over = false;
  let silence: Silence | undefined;

  return {
    length: body.length,
    awaitsContinue: body.awaitsContinue,
    read(sink: BodySink) {
      const finish = (): boolean => {
        silence?.ended();
        const first = !over;
        over = true;
        return first;
      };
      silence = new Silence(clock, idleMs, () => {
        if (finish()) sink.fail(new Failure('request_timeout', 'the client fell silent in the middle of the body'));
      });
      silence.began();
      body.read({
        data(chunk) {
          if (over) return;
          record.bytesIn += chunk.length;
          silence?.broken();
          sink.data(chunk);
        },
        end: (trailers) => finish() && sink.end(passed(trailers)),
        fail: (failure) => finish() && sink.fail(failure),
      });
    },
    pause() {
      silence?.ended();
      body.pause();
    },
    resume() {
      if (!over) silence?.began();
      body.resume();
    },
  };
}

/** Calls back when it has lasted too long. What breaks it sets no timer anew, and a body that is at hand never sets one. */
class Silence {
  readonly #clock: Clock;
  readonly #mostMs: number;
  readonly #tooLong: () => void;
  #sinceMs = 0;
  #lasts = false;
  #isTimed = false;
  #cancel = (): void => {};

  constructor(clock: Clock, mostMs: number, tooLong: () => void) {
    this.#clock = clock;
    this.#mostMs = mostMs;
    this.#tooLong = tooLong;
  }

  began(): void {
    this.broken();
    if (this.#lasts) return;
    this.#lasts = true;
    // What is at hand comes in this turn.
    queueMicrotask(() => this.#lasts && !this.#isTimed && this.#wait(this.#mostMs));
  }

  broken(): void {
    this.#sinceMs = this.#clock.monotonicMs();
  }

  ended(): void {
    this.#lasts = false;
    this.#isTimed = false;
    this.#cancel();
  }

  #wait(ms: number): void {
    this.#isTimed = true;
    this.#cancel = this.#clock.after(ms, () => {
      const leftMs = this.#mostMs - (this.#clock.monotonicMs() - this.#sinceMs);
      if (leftMs > 0) this.#wait(leftMs);
      else this.#tooLong();
    });
  }
}
