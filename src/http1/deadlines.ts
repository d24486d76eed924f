import type { Clock } from '../clock.ts';

/** Milliseconds that states last which no config speaks of. The table of all states is in test/http1/deadlines.test.ts. */
export const limitsMs = {
  /** A client's TLS handshake, whole. node:tls keeps this time, on the system's clock. */
  handshake: 10_000,
  /** A client's connection without a request. */
  idleClient: 75_000,
  /** A client that takes nothing of the end of its answer. */
  lastBytes: 60_000,
  /** What a client still sends behind its last answer is read and forgotten: a reset would take the answer away. */
  lingering: 2000,
  /** While draining, a connection without a request. */
  idleDraining: 1000,
  /** A connection to an API without a request, when the API does not say how long it keeps it. */
  idleApi: 4000,
  /** So much less than the API says: it must not close it while a request is on its way. */
  idleApiMargin: 1000,
  /** From its beginning on a connection is used so long, so that a changed DNS answer is noticed. */
  apiConnectionLife: 60_000,
  /** The rest of an answer that nobody wants is read, so that its connection can be kept. */
  unwantedRest: 1000,
} as const;

/** Something that waits. */
export interface Waiting {
  /** When it has waited enough, on the clock of {@link Deadlines}. */
  readonly deadlineMs: number;
  /** It has; a new deadline is set, or `unwatch` called. */
  late(): void;
}

/** How often deadlines are looked at. */
const SWEEP_MS = 50;
export const NEVER = Number.POSITIVE_INFINITY;

/**
 * Deadlines of many, found by one sweep, on a clock that moves with the sweeps: to set one costs neither a timer nor a
 * look at the time. They are noticed up to two sweeps late and never early: while the process itself stands still,
 * nobody's time passes.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  #running = false;
  #sweptAtMs = 0;
  #nowMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds, on the clock of the sweeps. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** The moment `ms` from now. */
  in(ms: number): number {
    if (!this.#running) this.#start();
    return this.#nowMs + SWEEP_MS + ms;
  }

  watch(waiting: Waiting): void {
    this.#waiting.add(waiting);
  }

  unwatch(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  readonly #sweep = (): void => {
    const atMs = this.#clock.monotonicMs();
    this.#nowMs += Math.min(atMs - this.#sweptAtMs, 2 * SWEEP_MS);
    this.#sweptAtMs = atMs;
    // Who is late may set deadlines for others, which have been looked at already.
    this.#running = false;
    let goesOn = false;
    for (const waiting of this.#waiting) {
      if (waiting.deadlineMs <= this.#nowMs) waiting.late();
      goesOn ||= waiting.deadlineMs !== NEVER;
    }
    if (goesOn && !this.#running) this.#start();
  };

  #start(): void {
    this.#running = true;
    this.#sweptAtMs = this.#clock.monotonicMs();
    this.#clock.after(SWEEP_MS, this.#sweep);
  }
}
