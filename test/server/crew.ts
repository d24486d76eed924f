import type { Socket } from 'node:net';
import { Crew } from '../../src/server/crew.ts';
import type { Worker, WorkerEnd, WorkerEvents } from '../../src/server/worker.ts';
import type { FromWorker, ToWorker } from '../../src/worker-messages.ts';
import { MovedClock } from '../support/clock.ts';

/** A worker that does what the test says. */
export class FakeWorker implements Worker {
  readonly pid = 7;
  readonly told: string[] = [];
  /** Connections on their way to it, and what says that it has each. */
  readonly handed: { readonly socket: Socket; readonly arrived: () => void }[] = [];
  killed = false;
  /** It says nothing, not even that it is there. */
  hangs = false;
  readonly #events: WorkerEvents;

  constructor(events: WorkerEvents) {
    this.#events = events;
  }

  tell({ kind }: ToWorker): void {
    this.told.push(kind);
    if (kind === 'alive' && !this.hangs) this.says({ kind });
  }

  hand(socket: Socket, arrived: () => void): void {
    this.handed.push({ socket, arrived });
  }

  kill(): void {
    this.killed = true;
    this.ends({ signal: 'SIGKILL', code: null });
  }

  says(message: FromWorker): void {
    this.#events.message(message);
  }

  ends(end: Partial<WorkerEnd> = {}): void {
    this.#events.gone({ pid: 7, code: 1, signal: null, ...end });
  }
}

/** A crew of such, on a clock that is moved. */
export class TestedCrew {
  readonly clock = new MovedClock();
  /** All that were ever started. */
  readonly workers: FakeWorker[] = [];
  /** For each that died, in how many milliseconds it was to be replaced. */
  readonly pauses: number[] = [];
  /** What was said of each. */
  readonly reasons: (string | undefined)[] = [];
  readonly crew: Crew;

  constructor(size: number) {
    this.crew = new Crew({
      size,
      clock: this.clock,
      start: (events) => {
        const worker = new FakeWorker(events);
        this.workers.push(worker);
        return worker;
      },
      greeting: () => [{ kind: 'alive' }],
      heard: () => {},
      joined: () => {},
      left: () => {},
      serves: () => {},
      died: ({ reason }, pauseMs) => {
        this.pauses.push(pauseMs);
        this.reasons.push(reason);
      },
    });
  }

  get newest(): FakeWorker {
    const worker = this.workers.at(-1);
    if (worker === undefined) throw new Error('none was started');
    return worker;
  }
}

/** One whose workers all serve. */
export async function readyCrew(size: number): Promise<TestedCrew> {
  const tested = new TestedCrew(size);
  const started = tested.crew.start();
  for (const worker of tested.workers) worker.says({ kind: 'ready' });
  await started;
  return tested;
}
