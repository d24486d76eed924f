/** Bodies that a program gives, as those of clients. */
import { Failure } from '../errors.ts';
import type { BodySink, InboundBody } from '../exchange.ts';
import { Fields } from '../fields.ts';

/** Whether it is the same however often it is read: everything but streams is. */
export function isRepeatable(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return true;
  return !(body instanceof ReadableStream) && !(Symbol.asyncIterator in body);
}

/** One that is at hand. */
export function wholeBody(bytes: Buffer): InboundBody {
  return {
    length: bytes.length,
    read(sink) {
      if (bytes.length > 0) sink.data(bytes);
      sink.end(Fields.none);
    },
    pause() {},
    resume() {},
  };
}

/** One that comes bit by bit. `left` is told when nobody will read the rest. */
export class StreamedBody implements InboundBody {
  readonly length = undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #sink: BodySink | undefined;
  #paused = false;
  #reading = false;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  read(sink: BodySink): void {
    this.#sink = sink;
    void this.#pump(sink);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (this.#sink !== undefined) void this.#pump(this.#sink);
  }

  /** The rest is not wanted. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  async #pump(sink: BodySink): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      while (!this.#paused) {
        const { done, value } = await this.#reader.read();
        if (done) {
          this.#sink = undefined;
          sink.end(Fields.none);
          return;
        }
        // What gave it may use its memory again.
        sink.data(Buffer.from(value));
      }
    } catch (cause) {
      this.#sink = undefined;
      sink.fail(new Failure('bad_request', 'the body broke off', { cause }));
    } finally {
      this.#reading = false;
    }
    if (!this.#paused && this.#sink !== undefined) void this.#pump(sink);
  }
}
