/** The connections to one API: how many there may be, which are free, and who waits for one. */
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { Send } from '../exchange.ts';
import { ApiConnection } from './api-connection.ts';
import type { ApiCarrier, ApiConnectionOwner } from './api-owner.ts';
import { Call } from './call.ts';
import { Deadlines } from './deadlines.ts';
import type { Destination } from './destination.ts';
import { dialFailure } from './dial-failure.ts';
import type { Addressee } from './request-writer.ts';

/** No more requests wait for a connection: else an API that hangs takes all of `limits.inFlight` from the others. */
const MOST_WAITING = 256;

export interface PoolOptions {
  readonly destination: Destination;
  /** Of the origin, as it stands in Host. */
  readonly authority: string;
  /** A place in the pool is waited for as for a connection. */
  readonly timeouts: ApiConnectionOwner['timeouts'];
  /** How many there may be at once. */
  readonly connections: number;
}

export class Pool implements ApiConnectionOwner {
  readonly destination: Destination;
  readonly addressee: Addressee;
  readonly timeouts: ApiConnectionOwner['timeouts'];
  readonly deadlines: Deadlines;
  readonly nowMs: () => number;
  session: Buffer | undefined;
  readonly #clock: Clock;
  readonly #most: number;
  readonly #all = new Set<ApiCarrier>();
  /** They do not count any more. */
  readonly #tunnels = new Set<ApiCarrier>();
  /** The last one freed is the first one used: the others get to be idle for long enough to be closed. */
  readonly #idle: ApiCarrier[] = [];
  readonly #waiting = new Set<Call>();
  #retired = false;
  #closed = false;

  constructor({ destination, authority, timeouts, connections }: PoolOptions, clock: Clock) {
    this.destination = destination;
    this.addressee = { authority, proxy: destination.forwarded === true ? destination.proxy : undefined };
    this.timeouts = timeouts;
    this.deadlines = new Deadlines(clock);
    this.nowMs = () => clock.monotonicMs();
    this.#clock = clock;
    this.#most = connections;
  }

  readonly send: Send = (request, answer, signal) => {
    if (signal.aborted) return;
    const call = new Call(request, answer, this.nowMs());
    signal.addEventListener('abort', () => call.abort(), { once: true });
    this.#carry(call, call.sentAtMs);
  };

  #carry(call: Call, nowMs: number): void {
    if (this.#closed) {
      call.fail(new Failure('upstream_reset', 'the proxy is shutting down'));
      return;
    }
    const connection = call.failedOnce ? undefined : this.#free(nowMs);
    if (connection !== undefined) connection.run(call);
    else if (this.#all.size < this.#most) this.#dial(call);
    else if (this.#waiting.size < MOST_WAITING) this.#enqueue(call);
    else call.fail(busy(`every connection to the API is busy, and ${MOST_WAITING} requests wait for one`));
  }

  #dial(call: Call): void {
    try {
      this.#all.add(new ApiConnection(this, call));
    } catch (thrown) {
      call.fail(dialFailure(thrown instanceof Error ? thrown : new Error(String(thrown)), this.destination));
    }
  }

  #free(nowMs: number): ApiCarrier | undefined {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.isUsable(nowMs)) return connection;
      connection.destroy();
    }
    return undefined;
  }

  #enqueue(call: Call): void {
    const cancel = this.#clock.after(this.timeouts.connect, () => {
      call.fail(busy('every connection to the API was busy for too long'));
    });
    this.#waiting.add(call);
    call.dequeue = () => {
      cancel();
      this.#waiting.delete(call);
    };
  }

  /** The first of those that wait. */
  #next(): Call | undefined {
    const [call] = this.#waiting;
    call?.dequeue();
    return call;
  }

  freed(connection: ApiCarrier): void {
    const next = this.#next();
    if (next !== undefined) connection.run(next);
    else if (this.#retired) connection.destroy();
    else this.#idle.push(connection);
  }

  upgraded(connection: ApiCarrier): void {
    this.#tunnels.add(connection);
    this.#leave(connection);
  }

  closed(connection: ApiCarrier, call: Call | undefined): void {
    if (!this.#tunnels.delete(connection)) this.#leave(connection, call);
  }

  /** There is room for one more: for `call`, or for the first of those that wait. */
  #leave(connection: ApiCarrier, call?: Call): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    const next = call ?? this.#next();
    if (next === undefined) return;
    if (call !== undefined) call.failedOnce = true;
    this.#carry(next, this.nowMs());
  }

  /** Keeps no connection for later any more. What is under way goes on, and what comes is served. */
  retire(): void {
    this.#retired = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  /** Breaks off whatever is under way. */
  close(): void {
    this.#closed = true;
    for (let call = this.#next(); call !== undefined; call = this.#next()) this.#carry(call, this.nowMs());
    for (const connection of [...this.#all, ...this.#tunnels]) connection.destroy();
  }
}

function busy(detail: string): Failure {
  return new Failure('overloaded', detail, { retryAfterMs: 1000 });
}
