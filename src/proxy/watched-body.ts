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
  let cancel = (): void => {};
  let restart = (): void => {};

  return {
    length: body.length,
    awaitsContinue: body.awaitsContinue,
    read(sink: BodySink) {
      const finish = (): boolean => {
        cancel();
        const first = !over;
        over = true;
        return first;
      };
      restart = () => {
        cancel();
        if (over) return;
        cancel = clock.after(idleMs, () => {
          if (finish()) sink.fail(new Failure('request_timeout', 'the client fell silent in the middle of the body'));
        });
      };
      restart();
      body.read({
        data(chunk) {
          if (over) return;
          record.bytesIn += chunk.length;
          restart();
          sink.data(chunk);
        },
        end: (trailers) => finish() && sink.end(passed(trailers)),
        fail: (failure) => finish() && sink.fail(failure),
      });
    },
    pause() {
      cancel();
      body.pause();
    },
    resume() {
      restart();
      body.resume();
    },
  };
}
