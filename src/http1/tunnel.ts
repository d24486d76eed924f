import type { Failure } from '../errors.ts';
import type { BodySink, Upgrade } from '../exchange.ts';
import { Fields } from '../fields.ts';
import type { Call } from './call.ts';
import type { Writer } from './writer.ts';

/** What a tunnel asks of the connection to the API that it goes over. */
export interface TunnelCarrier {
  readonly writer: Writer;
  /** A byte has gone to the API, or can go again. */
  moved(): void;
  /** Our side ends behind what was written. */
  endSide(): void;
  /** Both sides have ended. */
  tunnelOver(): void;
  /** Ends the connection at once, by a reset where there are such. */
  destroy(): void;
}

/**
 * What a connection to an API carries behind a 101 (RFC 9110 §7.8): bytes both ways as they come, each side held back
 * while the other takes nothing. The end of one side is passed on and leaves the other open; whatever else ends one of
 * the connections ends both.
 */
export class Tunnel implements BodySink {
  readonly #call: Call;
  readonly #fromClient: Upgrade['bytes'];
  readonly #carrier: TunnelCarrier;
  #clientEnded = false;
  #apiEnded = false;
  #blocked = false;

  constructor(call: Call, { bytes }: Upgrade, carrier: TunnelCarrier) {
    this.#call = call;
    this.#fromClient = bytes;
    this.#carrier = carrier;
  }

  /** From now on what the client sends, and what it has sent behind its request, goes to the API. */
  open(): void {
    this.#fromClient.read(this);
  }

  data(chunk: Buffer): void {
    const { writer } = this.#carrier;
    writer.bytes(chunk);
    this.#carrier.moved();
    if (writer.ready) return;
    this.#blocked = true;
    this.#fromClient.pause();
  }

  /** The client has ended its side. */
  end(): void {
    this.#clientEnded = true;
    this.#carrier.endSide();
    this.#endIfBoth();
  }

  fail(_failure: Failure): void {
    this.#carrier.destroy();
  }

  /** The API takes bytes again. */
  drained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#carrier.moved();
    this.#fromClient.resume();
  }

  /** The API has ended its side. */
  apiEnded(): void {
    this.#apiEnded = true;
    this.#call.answer.end(Fields.none);
    this.#endIfBoth();
  }

  #endIfBoth(): void {
    if (this.#clientEnded && this.#apiEnded && this.#call.finish()) this.#carrier.tunnelOver();
  }
}
