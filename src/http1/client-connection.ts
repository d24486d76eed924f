import type { Socket } from 'node:net';
import { asFailure, Failure } from '../errors.ts';
import type { Handler } from '../exchange.ts';
import { ClientExchange, type ExchangeCarrier, type ExchangeRequest, noRequest } from './client-exchange.ts';
import { type Deadlines, limitsMs, NEVER, type Waiting } from './deadlines.ts';
import { malformed, type RequestLimits } from './grammar.ts';
import { Inflow, type InflowUser } from './inflow.ts';
import { type Beginner, mayBegin } from './newcomers.ts';
import { peerOf } from './peer.ts';
import type { Lodger } from './places.ts';
import { RequestReader } from './request.ts';
import { type BodyCarrier, RequestBody } from './request-body.ts';
import { reset } from './reset.ts';
import { Writer } from './writer.ts';

/** What all connections of a listener share. */
export interface ConnectionOwner {
  readonly handler: Handler;
  readonly limits: RequestLimits;
  readonly deadlines: Deadlines;
  readonly draining: boolean;
  /** Its peers have no address: they are on this machine, and come through a file. */
  readonly isLocal: boolean;
  /** From now on it waits for its next request. */
  rests(connection: ClientConnection): void;
  closed(connection: ClientConnection): void;
}

/**
 * `head`: between requests, or in the middle of a head. `exchange`: from a whole head to the end of its answer.
 * `last bytes`: the client has not taken the answer yet. `closing`: our side has ended; what comes is forgotten.
 */
type Phase = 'head' | 'exchange' | 'last bytes' | 'closing';

/** A client's side of HTTP/1.1: requests one after the other, their answers in order (RFC 9112 §9.3.2). */
export class ClientConnection implements Waiting, Lodger, ExchangeCarrier, BodyCarrier, InflowUser, Beginner {
  deadlineMs = NEVER;
  draining: boolean;
  readonly writer: Writer;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #client: string;
  #reader: RequestReader;
  readonly #inflow: Inflow;
  #phase: Phase = 'head';
  #exchange: ClientExchange | undefined;
  /** The client's FIN has come. */
  #ended = false;
  #headDue = false;
  /** An answer that is over, and that the client has not taken yet, ends with the connection. */
  #tailEnds = false;
  /** What comes next has waited for its turn. */
  #hasTurn = false;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    this.draining = owner.draining;
    this.#client = owner.isLocal ? 'unix:' : peerOf(socket);
    this.#reader = new RequestReader(owner.limits);
    this.writer = new Writer(socket);
    this.#inflow = new Inflow(socket, this);
    socket
      .on('end', () => this.#finReceived())
      .on('drain', () => this.#drained())
      .on('finish', () => this.#phase === 'closing' && this.#wait(limitsMs.lingering))
      .on('error', () => {})
      .on('close', () => this.#closed());
    owner.deadlines.watch(this);
    this.#wait(owner.draining ? limitsMs.idleDraining : owner.limits.headersTimeout);
  }

  /** Serves no request but those that are on their way; one without any does not stay for long now. */
  drain(): void {
    this.draining = true;
    if (this.#phase === 'head' && !this.#headDue) this.#wait(limitsMs.idleDraining);
  }

  late(): void {
    this.deadlineMs = NEVER;
    const isHeadLate = this.#phase === 'head' && this.#headDue;
    if (isHeadLate)
      this.#refuse(
        new Failure('request_timeout', 'the head of the request took too long'),
        this.#owner.limits.headersTimeout,
      );
    else this.#cutOff();
  }

  giveWay(): boolean {
    if (this.#phase !== 'head' || this.#headDue || this.#inflow.length > 0) return false;
    this.#phase = 'closing';
    this.#socket.destroy();
    return true;
  }

  #wait(ms: number): void {
    this.deadlineMs = this.#owner.deadlines.in(ms);
  }

  use(): boolean {
    if (this.#phase !== 'head') return this.takeBody();
    return (this.#hasTurn || mayBegin(this)) && this.#readHead();
  }

  begin(): void {
    this.#hasTurn = true;
    this.#inflow.advance();
    this.#hasTurn = false;
  }

  takeBody(): boolean {
    const body = this.#exchange?.body;
    if (this.#phase !== 'exchange' || body === undefined || !body.wantsBytes) return false;
    const bytes = this.#inflow.release();
    const end = body.take(bytes);
    if (body.broken) this.#inflow.deafen();
    else if (end < bytes.length) this.#inflow.putBack(bytes.subarray(end));
    return true;
  }

  /** In a tunnel nothing is held, so that the client's end comes behind all that it has sent. */
  get isBlocked(): boolean {
    return this.#exchange?.isTunnel === true && this.#exchange.body?.wantsBytes !== true;
  }

  #readHead(): boolean {
    // They may have changed while the connection was idle.
    if (!this.#headDue && this.#reader.limits !== this.#owner.limits)
      this.#reader = new RequestReader(this.#owner.limits);
    const bytes = this.#inflow.release();
    let end: number;
    try {
      end = this.#reader.take(bytes, 0);
    } catch (thrown) {
      this.#refuse(asFailure(thrown));
      return false;
    }
    if (end === -1) {
      if (!this.#headDue) this.#wait(this.#owner.limits.headersTimeout);
      this.#headDue = true;
      return false;
    }
    if (end < bytes.length) this.#inflow.putBack(bytes.subarray(end));
    this.#begin();
    return true;
  }

  #begin(): void {
    const { method, target, old, section, persistent, expectsContinue, protocols } = this.#reader;
    const { fields, contentLength: length, chunked } = section;
    // A handshake whose body is said to be empty has none: clients of POST say so.
    const isHandshake = protocols.length > 0 && !chunked && (length ?? 0) === 0;
    // Who has sent some of it already waits for nothing.
    const awaits = expectsContinue && this.#inflow.length === 0;
    const body = !isHandshake && (chunked || length !== undefined) ? new RequestBody(length, this, awaits) : undefined;
    const tunnel = isHandshake ? new RequestBody('to the end', this) : undefined;
    const upgrade = tunnel && { protocols, bytes: tunnel };
    const exchange = this.#enter({ method, old, persistent, expectsContinue, body, tunnel });
    const client = this.#client;
    const localPort = this.#localPort;
    this.#owner.handler.serve({ method, target, fields, body, upgrade, client, localPort }, exchange, exchange.signal);
  }

  readonly #localPort = (): number | undefined => this.#socket.localPort;

  /** What came is no request. Its answer waits for nobody, as requests before it have been answered. */
  #refuse(failure: Failure, waitedMs?: number): void {
    this.#inflow.deafen();
    const { method, target } = this.#reader;
    this.#owner.handler.refuse(failure, { method, target, client: this.#client, waitedMs }, this.#enter(noRequest));
  }

  /** From here on whoever carries the exchange has the deadlines. */
  #enter(request: ExchangeRequest): ClientExchange {
    const exchange = new ClientExchange(request, this);
    this.#exchange = exchange;
    this.#phase = 'exchange';
    this.deadlineMs = NEVER;
    return exchange;
  }

  bodyWanted(): void {
    if (this.#inflow.length === 0) this.#exchange?.sendContinue();
    this.#inflow.advance();
  }

  bodyResumed(): void {
    this.#inflow.advance();
  }

  answered(closes: boolean): void {
    this.writer.flush();
    const { body, endsWithConnection = false } = this.#exchange ?? {};
    this.#tailEnds = endsWithConnection;
    this.#exchange = undefined;
    body?.abandon();
    if (closes || this.#inflow.deaf) this.#close(true);
    else if (this.#socket.writableNeedDrain) {
      this.#phase = 'last bytes';
      this.#wait(limitsMs.lastBytes);
    } else this.#next();
  }

  /** Pipelined requests are not begun before the last answer has been taken: else they pile up behind a slow client. */
  #drained(): void {
    if (this.#phase === 'last bytes') this.#next();
    else this.#exchange?.drained();
  }

  #next(): void {
    if (this.#ended) {
      this.#close();
      return;
    }
    this.#reader.clear();
    this.#phase = 'head';
    this.#headDue = false;
    this.#wait(this.draining ? limitsMs.idleDraining : limitsMs.idleClient);
    this.#owner.rests(this);
    this.#inflow.advance();
  }

  endSide(): void {
    this.writer.flush();
    this.#socket.end();
    this.#endTunnelIfBoth();
  }

  /** When both sides have ended, what is on its way to the client is all that is left. */
  #endTunnelIfBoth(): void {
    if (this.#exchange?.body?.ended !== true || !this.#socket.writableEnded) return;
    this.#tailEnds = true;
    this.#exchange = undefined;
    this.#close();
  }

  cut(isReset: boolean): void {
    this.writer.flush();
    this.#exchange?.body?.abandon();
    this.#exchange = undefined;
    if (isReset) reset(this.#socket);
    else this.#socket.destroy();
  }

  /**
   * Ends the connection as soon as the client has taken what is on its way. `lingers`: we read on for a moment, as a
   * reset would take the answer away from a client that still sends.
   */
  #close(lingers = false): void {
    this.#phase = 'closing';
    this.#inflow.deafen();
    this.#wait(limitsMs.lastBytes);
    if (lingers) this.#socket.end();
    else this.#socket.destroySoon();
  }

  /** A FIN says that the client has left, behind a whole request as in the middle of its body; but not in a tunnel. */
  #finReceived(): void {
    this.#ended = true;
    // Behind what came before it, whether that has had its turn or not.
    if (this.#phase === 'head') this.begin();
    if (this.#exchange?.isTunnel === true) {
      this.#exchange.body?.finish();
      this.#endTunnelIfBoth();
    } else if (this.#phase === 'head') {
      if (!this.#reader.begun || this.#inflow.deaf) this.#close();
      else this.#refuse(malformed('the request ended in the middle of its head'));
      // Nobody is left to answer; the close that follows tells whoever carries the exchange.
    } else if (this.#phase === 'exchange' && !this.#inflow.deaf) this.#socket.destroy();
  }

  #closed(): void {
    this.deadlineMs = NEVER;
    this.#phase = 'closing';
    this.#inflow.deafen();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.left();
    exchange?.body?.fail(malformed('the body was cut short'));
    this.#owner.deadlines.unwatch(this);
    this.#owner.closed(this);
  }

  /** Ends at once, whatever is under way; `reason` is why. */
  destroy(reason: symbol): void {
    this.#exchange?.left(reason);
    this.#cutOff();
  }

  /** What the system has already is the client's to take: behind that, a reset would take it away. */
  #cutOff(): void {
    const isCutShort = this.#tailEnds && this.#socket.writableLength > 0;
    this.cut(this.#exchange?.endsWithConnection ?? isCutShort);
  }
}
