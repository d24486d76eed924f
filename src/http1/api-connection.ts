import type { Socket } from 'node:net';
import { Failure } from '../errors.ts';
import type { AnswerHead } from '../exchange.ts';
import { Fields } from '../fields.ts';
import type { ApiCarrier, ApiConnectionOwner } from './api-owner.ts';
import type { Call } from './call.ts';
import { limitsMs, NEVER, type Waiting } from './deadlines.ts';
import { type Dialing, dial } from './dial.ts';
import { brokenOff } from './dial-failure.ts';
import { type AnswerReceiver, IncomingAnswer } from './incoming-answer.ts';
import { Intake } from './intake.ts';
import { Persistence } from './persistence.ts';
import { passedOn, proxyRefusal } from './proxy-failure.ts';
import { type RequestObserver, RequestWriter } from './request-writer.ts';
import { reset } from './reset.ts';
import { invalidAnswer } from './response.ts';
import { Tunnel, type TunnelCarrier } from './tunnel.ts';
import { beginTurn, endTurn } from './turn.ts';
import { Writer } from './writer.ts';

/**
 * `reading off`: nobody wants the rest of the answer; it is read so that the connection can be kept. `leaving off`: the
 * answer is whole; whether the system has the whole request is told at the end of the turn of the event loop.
 */
type Phase = 'connecting' | 'idle' | 'exchange' | 'reading off' | 'leaving off' | 'tunnel' | 'closed';

/** A connection to an API: one request at a time, used again unless there is a doubt. */
export class ApiConnection implements Waiting, ApiCarrier, RequestObserver, AnswerReceiver, TunnelCarrier {
  deadlineMs: number;
  readonly #owner: ApiConnectionOwner;
  readonly #dialing: Dialing;
  #socket: Socket;
  writer: Writer;
  #intake: Intake;
  readonly #answer = new IncomingAnswer(this);
  readonly #persistence: Persistence;
  #phase: Phase = 'connecting';
  #call: Call | undefined;
  #request: RequestWriter;
  #tunnel: Tunnel | undefined;
  #served = 0;
  #error: Error | undefined;

  /** Dials for a call, and carries it. Throws what `dial` does. */
  constructor(owner: ApiConnectionOwner, call: Call) {
    const { destination, session } = owner;
    this.#dialing = dial(destination, {
      read: (bytes, length) => this.#take(bytes, length),
      session,
      keepSession: (fresh) => {
        owner.session = fresh;
      },
      connected: () => {
        if (this.#call !== undefined && this.#phase === 'connecting') this.run(this.#call);
      },
      replaced: (socket) => {
        this.#socket = socket;
        this.writer = new Writer(socket);
        this.#intake = new Intake(socket);
        this.#hear(socket);
      },
    });
    this.#socket = this.#dialing.socket;
    this.#owner = owner;
    this.#call = call;
    call.connection = this;
    this.#persistence = new Persistence(owner.nowMs());
    owner.deadlines.watch(this);
    this.deadlineMs = owner.deadlines.in(owner.timeouts.connect);
    this.writer = new Writer(this.#socket);
    this.#intake = new Intake(this.#socket);
    this.#request = new RequestWriter(this.writer, this);
    this.#hear(this.#socket);
  }

  /** One that was replaced has nothing to say any more. */
  #hear(socket: Socket): void {
    const isOurs = (): boolean => socket === this.#socket;
    socket
      .on('drain', () => isOurs() && (this.#tunnel ?? this.#request).drained())
      .on('end', () => isOurs() && this.#finReceived())
      .on('error', (error) => {
        if (isOurs()) this.#error = error;
      })
      .on('close', () => isOurs() && this.#closed());
  }

  /** It can carry a request now. */
  isUsable(nowMs: number): boolean {
    return this.#phase === 'idle' && this.#persistence.lasts(nowMs) && this.#socket.writable && this.#socket.readable;
  }

  run(call: Call): void {
    this.#phase = 'exchange';
    this.#call = call;
    call.connection = this;
    this.#answer.expect(call.request);
    this.#persistence.asks(call.request.body);
    this.deadlineMs = NEVER;
    this.#request = new RequestWriter(this.writer, this);
    this.#request.write(call.request, this.#owner.addressee);
  }

  sent(): void {
    if (!this.#answer.headed) this.#wait(this.#owner.timeouts.headers);
  }

  /** While the client is waited for, whoever watches its body has the deadline; behind an early head it is the API's. */
  progressed(isBlocked: boolean): void {
    if (isBlocked || this.#answer.headed) this.moved();
    else this.deadlineMs = NEVER;
  }

  bodyFailed(failure: Failure): void {
    this.#break(failure);
  }

  resume(): void {
    if (this.#intake.release()) this.moved();
  }

  /** The call is over; what is left of its answer is read if it is not much. */
  readOff(): void {
    this.#call = undefined;
    if (this.#phase !== 'exchange' || !this.#request.done || this.#answer.endsWithConnection) {
      this.destroy();
      return;
    }
    this.#phase = 'reading off';
    this.#answer.readOff();
    this.#wait(limitsMs.unwantedRest);
    this.#intake.free();
  }

  destroy(): void {
    this.#request.detach();
    if (this.#phase === 'tunnel') reset(this.#socket);
    else this.#socket.destroy();
  }

  late(): void {
    this.deadlineMs = NEVER;
    const isUnmade = this.#phase === 'connecting';
    this.#break(isUnmade ? this.#dialing.late() : new Failure('upstream_timeout', this.#whatIsLate()));
  }

  #whatIsLate(): string {
    if (this.#phase === 'tunnel') return 'no byte went either way for too long';
    if (!this.#request.done) return 'it does not take the request (timeouts.idle)';
    if (!this.#answer.headed) return 'its answer did not begin in time (timeouts.headers)';
    return 'it fell silent in the middle of its answer (timeouts.idle)';
  }

  #wait(ms: number): void {
    this.deadlineMs = this.#owner.deadlines.in(ms);
  }

  /** The connection is of no more use, and the call has failed. */
  #break(failure: Failure): void {
    const call = this.#call;
    this.#call = undefined;
    this.destroy();
    this.#fail(call, failure);
  }

  #fail(call: Call | undefined, failure: Failure): void {
    call?.fail(this.#owner.addressee.proxy === undefined ? failure : passedOn(failure));
  }

  /** What is left in `bytes` behind this turn is somebody else's. */
  #take(bytes: Buffer, length: number): boolean {
    if (this.#phase !== 'exchange' && this.#phase !== 'reading off' && this.#phase !== 'tunnel') {
      // An answer that nobody asked for.
      this.destroy();
      return false;
    }
    beginTurn();
    try {
      this.#answer.take(bytes, length);
    } catch (thrown) {
      this.#break(invalidAnswer(thrown));
    } finally {
      endTurn();
    }
    if (this.#phase === 'tunnel' || (this.#phase === 'exchange' && this.#answer.headed)) {
      this.moved();
      this.#intake.count(length);
    }
    return this.#intake.isOpen;
  }

  get over(): boolean {
    return this.#phase === 'closed' || this.#socket.destroyed;
  }

  interim(head: AnswerHead): void {
    this.#call?.answer.interim(head);
  }

  head(head: AnswerHead): void {
    const { proxy } = this.#owner.addressee;
    // RFC 9110 §15.5.8: to us, and to nobody behind us.
    const refusal = proxy !== undefined && head.status === 407 ? proxyRefusal(407, proxy) : undefined;
    if (refusal !== undefined) {
      this.#break(refusal);
      return;
    }
    this.moved();
    if (this.#call !== undefined) this.#call.answer.head(head, this.#call);
  }

  get upstreamMs(): number {
    return this.#owner.nowMs() - (this.#call?.sentAtMs ?? 0);
  }

  switched(head: AnswerHead): void {
    const call = this.#call;
    if (call?.request.upgrade === undefined) throw new Failure('upstream_invalid', 'a change of protocols too late');
    this.#phase = 'tunnel';
    this.#tunnel = new Tunnel(call, call.request.upgrade, this);
    this.#owner.upgraded(this);
    this.head(head);
    if (!call.over) this.#tunnel.open();
  }

  moved(): void {
    this.#wait(this.#owner.timeouts.idle);
  }

  endSide(): void {
    this.writer.flush();
    this.#socket.end();
  }

  tunnelOver(): void {
    this.#call = undefined;
    this.#wait(limitsMs.lastBytes);
  }

  content(chunk: Buffer): void {
    const call = this.#call;
    if (call === undefined || call.over || call.answer.data(chunk) || call.over) return;
    this.#intake.hold();
  }

  whole(trailers: Fields, more: boolean): void {
    const call = this.#call;
    this.#call = undefined;
    const keptMs = more || !this.#request.done ? 0 : this.#persistence.behind(this.#answer, this.#owner.nowMs());
    if (keptMs === 0) this.destroy();
    else if (this.#isTaken) this.#rest(keptMs);
    else this.#restWhenTaken(keptMs);
    if (call?.finish() === true) call.answer.end(trailers);
  }

  /** The system has the whole request. What an API makes of the rest of one that it has answered is a doubt. */
  get #isTaken(): boolean {
    return this.#socket.writableLength === 0;
  }

  /** TLS tells of what the system took a turn of the event loop later at most, and the answer may come before that. */
  #restWhenTaken(ms: number): void {
    this.#phase = 'leaving off';
    this.#wait(ms);
    setImmediate(() => {
      if (this.#phase !== 'leaving off' || this.over) return;
      if (this.#isTaken) this.#rest(ms);
      else this.destroy();
    });
  }

  #rest(ms: number): void {
    this.#phase = 'idle';
    this.#served += 1;
    this.#wait(ms);
    this.#intake.free();
    this.#owner.freed(this);
  }

  #finReceived(): void {
    if (this.#phase === 'tunnel') this.#tunnel?.apiEnded();
    else if (this.#phase === 'exchange' && this.#answer.endsWithConnection) this.whole(Fields.none, true);
    else this.destroy();
  }

  #closed(): void {
    const phase = this.#phase;
    const call = this.#call;
    this.#phase = 'closed';
    this.#call = undefined;
    this.#request.detach();
    this.#owner.deadlines.unwatch(this);
    const again = phase === 'exchange' && this.#served > 0 && !this.#answer.begun && call?.repeatable === true;
    this.#owner.closed(this, again ? call : undefined);
    if (again) return;
    const cause = this.#error ?? new Error('it ended the connection');
    this.#fail(call, phase === 'connecting' ? this.#dialing.failure(cause) : brokenOff(cause));
  }
}
