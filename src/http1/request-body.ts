import { asFailure, Failure } from '../errors.ts';
import type { BodySink, InboundBody } from '../exchange.ts';
import { type BodyDecoder, ChunkedDecoder, CloseDecoder, LengthDecoder } from './chunked.ts';
import { Content } from './content.ts';

/** What a body asks of the connection it comes on. */
export interface BodyCarrier {
  /** Somebody reads it: who waits for `100 Continue` gets it. */
  bodyWanted(): void;
  /** Bytes may be delivered again. */
  bodyResumed(): void;
}

/** What a client sends behind a head, on its way through the connection: the body, or another protocol behind a 101. */
export class RequestBody implements InboundBody {
  readonly length: number | undefined;
  readonly awaitsContinue: boolean;
  readonly #decoder: BodyDecoder;
  readonly #carrier: BodyCarrier;
  readonly #content = new Content();
  #sink: BodySink | undefined;
  #failure: Failure | undefined;
  #paused = false;
  #ended = false;

  /** `length` undefined: chunked; or what comes behind a 101, to the end of the client's side. */
  constructor(length: number | 'to the end' | undefined, carrier: BodyCarrier, awaitsContinue = false) {
    if (length === 'to the end') this.#decoder = new CloseDecoder();
    else this.#decoder = length === undefined ? new ChunkedDecoder() : new LengthDecoder(length);
    this.length = typeof length === 'number' ? length : undefined;
    this.#carrier = carrier;
    this.awaitsContinue = awaitsContinue;
  }

  read(sink: BodySink): void {
    this.#sink = sink;
    if (this.#failure !== undefined) sink.fail(this.#failure);
    else if (this.#decoder.done) this.#end();
    else this.#carrier.bodyWanted();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#carrier.bodyResumed();
  }

  /** Somebody has begun to read it. */
  get begun(): boolean {
    return this.#sink !== undefined;
  }

  /** It has come whole. */
  get done(): boolean {
    return this.#decoder.done;
  }

  /** Nothing more of it will be taken. */
  get broken(): boolean {
    return this.#failure !== undefined;
  }

  /** Whoever reads it has been told of its end. */
  get ended(): boolean {
    return this.#ended;
  }

  get wantsBytes(): boolean {
    return this.#sink !== undefined && !this.#paused && !this.done && !this.broken;
  }

  /** Takes what is its own of these bytes; returns how much that was. */
  take(bytes: Buffer): number {
    let end = bytes.length;
    let failure: Failure | undefined;
    try {
      end = this.#decoder.take(bytes, 0, bytes.length, this.#content.add);
    } catch (thrown) {
      failure = asFailure(thrown);
    }
    const chunk = this.#content.joined();
    if (chunk !== undefined) this.#sink?.data(chunk);
    if (failure !== undefined) this.fail(failure);
    else if (this.#decoder.done) this.#end();
    return end;
  }

  /** The client has ended its side, behind all that was taken. */
  finish(): void {
    if (!this.broken) this.#end();
  }

  /** The rest will not come. */
  fail(failure: Failure): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#failure = failure;
    this.#sink?.fail(failure);
  }

  /** Whatever comes of it is forgotten. */
  discard(): void {
    this.read({ data: () => {}, end: () => {}, fail: () => {} });
  }

  /** The exchange is over without the rest of it. */
  abandon(): void {
    // To make an error costs as much as to serve a request.
    if (!this.#ended) this.fail(new Failure('bad_request', 'the answer came before the end of the request'));
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink?.end(this.#decoder.trailers);
  }
}
