import type { Failure } from '../errors.ts';
import type { Answer, AnswerFlow, AnswerHead } from '../exchange.ts';
import { FieldNames } from '../field-names.ts';
import { Fields } from '../fields.ts';
import { giveBack } from '../spent.ts';
import { Stop } from '../stop.ts';
import type { RequestBody } from './request-body.ts';
import type { Writer } from './writer.ts';

/** What an exchange asks of the connection it goes on. */
export interface ExchangeCarrier {
  readonly writer: Writer;
  /** True if no more requests are taken from this client. */
  readonly draining: boolean;
  /** What has come of the body is delivered now. */
  takeBody(): void;
  /** The answer has been handed to the writer whole. */
  answered(closes: boolean): void;
  /** The API has ended its side of a tunnel. */
  endSide(): void;
  /** Ends the connection at once, so that nobody takes what was sent for whole. */
  cut(reset: boolean): void;
}

/** What a request says of its answer. */
export interface ExchangeRequest {
  readonly method: string;
  /** HTTP/1.0. */
  readonly old: boolean;
  /** The connection may serve another request. */
  readonly persistent: boolean;
  readonly expectsContinue: boolean;
  readonly body: RequestBody | undefined;
  /** What comes behind a 101, if one is asked for. */
  readonly tunnel: RequestBody | undefined;
}

/** What is answered where no request could be read. */
export const noRequest: ExchangeRequest = {
  ...{ method: 'GET', old: false, persistent: false, expectsContinue: false },
  ...{ body: undefined, tunnel: undefined },
};

type Framing = 'none' | 'length' | 'chunked' | 'close' | 'tunnel';

/** One request of a client's and the answer to it. Framing of the answer is made here, never inherited. */
export class ClientExchange implements Answer {
  readonly #carrier: ExchangeCarrier;
  readonly #request: ExchangeRequest;
  /** Aborted when the client has left. */
  readonly signal = new Stop();
  #flow: AnswerFlow | undefined;
  #framing: Framing = 'none';
  /** Bytes of the answer that are still to come, of a length that was announced. */
  #missing = 0;
  #closes: boolean;
  #headed = false;
  #over = false;

  constructor(request: ExchangeRequest, carrier: ExchangeCarrier) {
    this.#request = request;
    this.#carrier = carrier;
    this.#closes = !request.persistent;
  }

  /** What the client sends at the moment: the body, or another protocol. */
  get body(): RequestBody | undefined {
    return this.isTunnel ? this.#request.tunnel : this.#request.body;
  }

  /** The answer was a 101. */
  get isTunnel(): boolean {
    return this.#framing === 'tunnel';
  }

  /** How it ends, the client may take for a whole answer, but for a reset. */
  get endsWithConnection(): boolean {
    return this.#headed && (this.#framing === 'close' || this.isTunnel);
  }

  /** RFC 9110 §10.1.1: the client may send its body now. */
  sendContinue(): void {
    if (!this.#request.expectsContinue || this.#headed) return;
    this.#carrier.writer.text('HTTP/1.1 100 Continue\r\n\r\n');
    this.#carrier.writer.flush();
  }

  interim({ status, reason, fields }: AnswerHead): void {
    if (this.#over || this.#headed || this.#request.old) return;
    this.#carrier.writer.text(`HTTP/1.1 ${status} ${reason}\r\n${spelt(fields, true)}\r\n`);
  }

  head({ status, reason, fields, protocol, upstreamMs }: AnswerHead, flow: AnswerFlow): void {
    if (this.#over) return;
    this.#headed = true;
    this.#flow = flow;
    if (protocol !== undefined) {
      this.#framing = 'tunnel';
      const upgrade = `Connection: Upgrade\r\nUpgrade: ${protocol}\r\n`;
      this.#carrier.writer.text(`HTTP/1.1 ${status} ${reason}\r\n${spelt(fields, true)}${upgrade}\r\n`);
      return;
    }
    // RFC 9110 §15.5.9: what is left of a request that came too late is not waited for.
    if (status === 408 || this.#carrier.draining || this.#isUnfinished()) this.#closes = true;
    // A handshake that is not let through, as that of a web page, is the last of its client; one that an API refuses is not.
    if (status === 403 && upstreamMs === undefined && this.#request.tunnel !== undefined) this.#closes = true;
    const framing = this.#frame(status, fields);
    const persistence = this.#closes ? 'Connection: close\r\n' : this.#request.old ? 'Connection: keep-alive\r\n' : '';
    const text = spelt(fields, status === 204 || this.#framing === 'chunked');
    this.#carrier.writer.text(`HTTP/1.1 ${status} ${reason}\r\n${text}${framing}${persistence}\r\n`);
  }

  /** An unread body is overlooked if all of it is at hand; else the connection ends behind the answer. */
  #isUnfinished(): boolean {
    const { body, expectsContinue } = this.#request;
    if (body === undefined || body.done) return false;
    if (!body.begun && !expectsContinue) {
      body.discard();
      this.#carrier.takeBody();
    }
    return !body.done;
  }

  /** RFC 9112 §6.3. */
  #frame(status: number, fields: Fields): string {
    if (this.#request.method === 'HEAD' || status === 204 || status === 304) return '';
    const length = announced(fields);
    if (length !== undefined) {
      this.#framing = 'length';
      this.#missing = Number(length);
      return '';
    }
    this.#framing = this.#request.old ? 'close' : 'chunked';
    if (this.#request.old) this.#closes = true;
    return this.#request.old ? '' : 'Transfer-Encoding: chunked\r\n';
  }

  data(chunk: Buffer): boolean {
    if (this.#over || this.#framing === 'none' || chunk.length === 0) return true;
    const { writer } = this.#carrier;
    if (this.#framing === 'chunked') {
      writer.text(`${chunk.length.toString(16)}\r\n`);
      writer.bytes(chunk, giveBack);
      writer.text('\r\n');
      return writer.ready;
    }
    if (this.#framing === 'length') {
      this.#missing -= chunk.length;
      if (this.#missing < 0) {
        this.fail();
        return true;
      }
    }
    writer.bytes(chunk, giveBack);
    // Whatever is done behind the last byte, the client need not wait for it.
    if (this.#framing === 'length' && this.#missing === 0) writer.flush();
    return writer.ready;
  }

  end(trailers: Fields): void {
    if (this.#over) return;
    if (this.isTunnel) {
      this.#carrier.endSide();
      return;
    }
    if (this.#framing === 'length' && this.#missing !== 0) {
      this.fail();
      return;
    }
    if (this.#framing === 'chunked') this.#carrier.writer.text(`0\r\n${spelt(trailers, true)}\r\n`);
    this.#over = true;
    this.#carrier.answered(this.#closes);
  }

  /** Never a short body that looks whole: one that ends with its connection is reset. */
  fail(_failure?: Failure): void {
    if (this.#over) return;
    this.#over = true;
    this.#carrier.cut(this.endsWithConnection);
  }

  /** The client takes bytes again. */
  drained(): void {
    if (!this.#over) this.#flow?.resume();
  }

  /** The client has gone; or, for the reason given, is cut off. */
  left(reason?: symbol): void {
    if (this.#over) return;
    this.#over = true;
    this.signal.abort(reason);
  }
}

const announced = Fields.question((fields) => fields.get('content-length'));
const length = new FieldNames(['content-length'], { twins: false });

/** Field lines as they go out; without a length where it is not ours to give. */
function spelt(fields: Fields, withoutLength: boolean): string {
  return withoutLength ? fields.without(length).text : fields.text;
}
