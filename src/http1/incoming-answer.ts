import { Failure } from '../errors.ts';
import type { AnswerHead, OutboundRequest } from '../exchange.ts';
import type { Fields } from '../fields.ts';
import { type BodyDecoder, ChunkedDecoder, CloseDecoder, LengthDecoder } from './chunked.ts';
import { Content } from './content.ts';
import { AnswerReader } from './response.ts';
import { protocolAccepted } from './upgrade.ts';

/** Hears of an answer as it comes in. */
export interface AnswerReceiver {
  interim(head: AnswerHead): void;
  head(head: AnswerHead): void;
  /** A 101; content is in the other protocol from now on, to the end of the connection. */
  switched(head: AnswerHead): void;
  /** What one turn brought of the body. */
  content(chunk: Buffer): void;
  /** It is whole. `more`: something stands behind it. */
  whole(trailers: Fields, more: boolean): void;
  /** Milliseconds since the request was sent. */
  readonly upstreamMs: number;
  /** Nothing more is to be told: whoever was told of the answer has ended all this. */
  readonly over: boolean;
}

/** Nobody needs more interim answers to one request. */
const MOST_INTERIM = 16;
/** More of an unwanted answer is not read. Bytes. */
const MOST_UNWANTED = 65_536;

/** The answers that come in on a connection to an API, one after the other. */
export class IncomingAnswer {
  readonly #receiver: AnswerReceiver;
  readonly #reader = new AnswerReader();
  readonly #content = new Content();
  #method = '';
  #asked: readonly string[] = [];
  #decoder: BodyDecoder | undefined;
  #interim = 0;
  #begun = false;
  /** Bytes of what nobody wants; undefined while it is wanted. */
  #unwanted: number | undefined;

  constructor(receiver: AnswerReceiver) {
    this.#receiver = receiver;
  }

  /** Ready for the answer to that request. */
  expect({ method, upgrade }: OutboundRequest): void {
    this.#method = method;
    this.#asked = upgrade?.protocols ?? [];
    this.#reader.clear();
    this.#decoder = undefined;
    this.#interim = 0;
    this.#begun = false;
    this.#unwanted = undefined;
  }

  /** Nobody wants the rest: it is read and not told, and is a fault if it is much. */
  readOff(): void {
    this.#unwanted = 0;
  }

  /** The first byte of it has come. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Its final head has come. */
  get headed(): boolean {
    return this.#decoder !== undefined;
  }

  /** It is one of a fault, the client's or the API's. */
  get refuses(): boolean {
    return this.#reader.status >= 400;
  }

  get endsWithConnection(): boolean {
    return this.#decoder instanceof CloseDecoder;
  }

  /** As {@link AnswerReader.persistent}; and what an API makes of an upgrade that it has refused is a doubt. */
  get persistent(): boolean {
    return this.#asked.length === 0 && this.#reader.persistent;
  }

  /** As {@link AnswerReader.keepAliveMs}. */
  get keepAliveMs(): number | undefined {
    return this.#reader.keepAliveMs;
  }

  /** Takes `length` bytes, and tells of what they bring. Throws what is wrong with them, told of what came before it. */
  take(bytes: Buffer, length: number): void {
    this.#begun = true;
    let at = 0;
    while (at < length && this.#decoder === undefined) {
      at = this.#reader.take(bytes, at, length);
      if (at === -1) return;
      this.#tellHead();
      if (this.#receiver.over) return;
    }
    const decoder = this.#decoder;
    if (decoder === undefined) return;
    try {
      at = decoder.take(bytes, at, length, this.#content.add);
    } finally {
      this.#tellContent();
    }
    if (decoder.done && !this.#receiver.over) this.#receiver.whole(decoder.trailers, at < length);
  }

  #tellHead(): void {
    const { status, reason, section } = this.#reader;
    const { fields } = section;
    const { upstreamMs } = this.#receiver;
    if (status >= 200) {
      this.#decoder = this.#decoderOfBody();
      this.#receiver.head({ status, reason, fields, upstreamMs });
      return;
    }
    if (status === 101) {
      if (this.#reader.old) throw new Failure('upstream_invalid', 'a change of protocols in HTTP/1.0');
      const protocol = protocolAccepted(fields, this.#asked);
      this.#decoder = new CloseDecoder();
      this.#receiver.switched({ status, reason, fields, protocol, upstreamMs });
      return;
    }
    this.#interim += 1;
    if (this.#interim > MOST_INTERIM) throw new Failure('upstream_invalid', 'its interim answers do not end');
    this.#reader.clear();
    if (status !== 100) this.#receiver.interim({ status, reason, fields });
  }

  #decoderOfBody(): BodyDecoder {
    const framing = this.#reader.framing(this.#method);
    if (framing === 'chunked') return new ChunkedDecoder();
    return framing === 'close' ? new CloseDecoder() : new LengthDecoder(framing.length);
  }

  #tellContent(): void {
    const chunk = this.#content.copied();
    if (chunk === undefined) return;
    if (this.#unwanted === undefined) this.#receiver.content(chunk);
    else this.#unwanted += chunk.length;
    if ((this.#unwanted ?? 0) > MOST_UNWANTED) throw new Failure('upstream_invalid', 'too much that nobody wants');
  }
}
