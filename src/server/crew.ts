/** Several workers that serve what one process accepts: each connection is one's, in turn; one that dies is replaced. */
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { FromWorker, ToWorker } from '../worker-messages.ts';
import { LifeSign } from './life-sign.ts';
import { ReplacementPause } from './replacement.ts';
import { RoundRobin } from './round-robin.ts';
import type { Worker, WorkerEnd, WorkerEvents } from './worker.ts';
import { WorkerError } from './worker-error.ts';

export interface CrewOptions {
  readonly size: number;
  readonly clock: Clock;
  readonly start: (events: WorkerEvents) => Worker;
  /** Said to each worker first. */
  readonly greeting: () => readonly ToWorker[];
  /** Hears what workers say, but for what the crew itself wants to know. */
  readonly heard: (message: FromWorker, from: Worker) => void;
  /** Hears of one that was started, and that it has gone. */
  readonly joined: (worker: Worker) => void;
  readonly left: (worker: Worker) => void;
  /** Hears of one that serves from now on. */
  readonly serves: (worker: Worker) => void;
  /** Hears of one that died and is replaced, in so many milliseconds. */
  readonly died: (end: WorkerEnd, replacedInMs: number) => void;
}

/** So often workers hear that we are there, and say that they are. Milliseconds. */
const ALIVE_INTERVAL_MS = 5000;
/** For a worker that was told to cut its connections; then it is killed. */
const CUT_MS = 2000;

/** A place in the crew, and who has it. */
interface Place {
  worker: Worker | undefined;
  ready: boolean;
  /** Of one that serves. */
  sign: LifeSign | undefined;
  reason: string | undefined;
  readonly pause: ReplacementPause;
  cancel: () => void;
}

function emptyPlace(): Place {
  const pause = new ReplacementPause();
  return { worker: undefined, ready: false, sign: undefined, reason: undefined, pause, cancel: () => {} };
}

export class Crew {
  readonly #options: CrewOptions;
  readonly #places: readonly Place[];
  readonly #connections = new RoundRobin();
  /** `starting`: one that dies is a reason not to start. `stopping`: one that dies is not replaced. */
  #phase: 'starting' | 'serving' | 'draining' | 'stopping' = 'starting';
  #cancel = (): void => {};
  #ended = (): void => {};
  #stopped: Promise<void> | undefined;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#places = Array.from({ length: options.size }, emptyPlace);
  }

  /** How many serve. */
  get ready(): number {
    return this.#places.filter(({ ready }) => ready).length;
  }

  /** Resolves when all serve; rejects with a WorkerError if one of them ends before, and then none is left. */
  async start(): Promise<void> {
    this.#sayAlive();
    try {
      await Promise.all(this.#places.map((place) => this.#fill(place)));
    } catch (error) {
      await this.kill();
      throw error;
    }
    if (this.#phase === 'starting') this.#phase = 'serving';
  }

  tell(message: ToWorker): void {
    for (const { worker } of this.#places) worker?.tell(message);
  }

  /** Takes a connection of which nothing has been read. */
  take(socket: Socket): void {
    this.#connections.take(socket);
  }

  /** Those that no worker has been given. */
  giveBack(): Socket[] {
    return this.#connections.giveBack();
  }

  /** Workers end connections behind their next answers. Still takes new ones. */
  drain(): void {
    if (this.#phase !== 'stopping') this.#phase = 'draining';
    this.tell({ kind: 'drain' });
  }

  /** Finishes what it has, however long that takes, each connection behind its next answer. Resolves when it has. */
  retire(): Promise<void> {
    this.tell({ kind: 'retire' });
    return this.stop();
  }

  /** Resolves when all has ended that it was given. Nothing is given to it any more. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#phase = 'stopping';
    for (const { cancel } of this.#places) cancel();
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    this.#endIfEmpty();
    await this.#connections.emptied();
    this.tell({ kind: 'stop' });
    await ended;
    this.#cancel();
  }

  /** Ends at once. */
  kill(): Promise<void> {
    const stopped = this.stop();
    for (const { worker } of this.#places) worker?.kill();
    return stopped;
  }

  /** Ends all connections at once. */
  cut(): void {
    this.#connections.drop();
    this.tell({ kind: 'cut' });
    this.#options.clock.after(CUT_MS, () => {
      for (const { worker } of this.#places) worker?.kill();
    });
  }

  /** Resolves when its worker serves; rejects if that ends before. */
  #fill(place: Place): Promise<void> {
    const { start, greeting, heard, serves, clock } = this.#options;
    place.pause.started(clock.monotonicMs());
    place.reason = undefined;
    return new Promise((resolve, reject) => {
      const worker = start({
        message: (message) => {
          place.sign?.heard();
          if (message.kind === 'ready') {
            place.ready = true;
            place.sign = new LifeSign(clock, () => this.#hung(place));
            this.#connections.join(worker);
            serves(worker);
            resolve();
          } else if (message.kind === 'failed') place.reason = message.reason;
          else if (message.kind !== 'alive') heard(message, worker);
        },
        gone: (end) => {
          const told = { ...end, reason: place.reason };
          reject(new WorkerError(`a worker ended before it served (${told.reason ?? ending(end)})`));
          this.#gone(place, worker, told);
        },
      });
      place.worker = worker;
      this.#options.joined(worker);
      for (const message of greeting()) worker.tell(message);
      if (this.#phase === 'draining') worker.tell({ kind: 'drain' });
    });
  }

  /** What it has would wait for ever: clients, and the connection that it was given last. */
  #hung(place: Place): void {
    place.reason = 'it hung: nothing was heard of it for half a minute';
    place.worker?.kill();
  }

  #gone(place: Place, worker: Worker, end: WorkerEnd): void {
    place.worker = undefined;
    place.ready = false;
    place.sign?.stop();
    place.sign = undefined;
    this.#options.left(worker);
    this.#connections.leave(worker);
    if (this.#phase === 'stopping') this.#endIfEmpty();
    else if (this.#phase !== 'starting') this.#replace(place, end);
  }

  #replace(place: Place, end: WorkerEnd): void {
    const { clock, died } = this.#options;
    const pauseMs = place.pause.afterDeath(clock.monotonicMs());
    died(end, pauseMs);
    // That it died before it served is told when it is gone.
    const fill = (): void => void this.#fill(place).catch(() => {});
    if (pauseMs === 0) fill();
    else place.cancel = clock.after(pauseMs, fill);
  }

  #endIfEmpty(): void {
    if (this.#places.some(({ worker }) => worker !== undefined)) return;
    this.#connections.drop();
    this.#ended();
  }

  #sayAlive(): void {
    this.#cancel = this.#options.clock.after(ALIVE_INTERVAL_MS, () => {
      this.tell({ kind: 'alive' });
      this.#sayAlive();
    });
  }
}

function ending({ code, signal }: WorkerEnd): string {
  return signal === null ? `with code ${code}` : `by ${signal}`;
}
