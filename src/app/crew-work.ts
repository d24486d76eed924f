import type { Clock } from '../clock.ts';
import type { ToldRequest } from '../observe/latest-requests.ts';
import type { Log } from '../observe/log.ts';
import type { TrafficCounts } from '../observe/traffic.ts';
import { addedUp, at, type TrafficAt } from '../observe/traffic-sum.ts';
import type { Worker } from '../server/worker.ts';
import type { RequestFollower, Work } from './work.ts';
import type { WorkReport } from './work-report.ts';

/** A worker that is busy or hangs is waited for so long; what it told last is taken then. Milliseconds. */
const ANSWER_MS = 1000;
/** So many requests are remembered. */
const MOST = 100;

const nothing: TrafficAt = { atMs: 0, routes: [], errors: [], refusals: [] };

/** What one worker has told. */
interface Known {
  traffic: TrafficAt;
  latest: Pick<WorkReport, 'inFlight' | 'replayBuffer' | 'logDropped'>;
  /** The question that it answered last. */
  answered: number;
}

/** That of all workers: what they report, added up. Of one that was killed, what it told last. */
export class CrewWork implements Work {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #workers = new Map<Worker, Known>();
  /** Of those that are no more. */
  #gone = nothing;
  #goneDropped = 0;
  #latest: readonly ToldRequest[] = [];
  #follower: RequestFollower | undefined;
  #isWatched = false;
  #asked = 0;
  readonly #waiting = new Set<() => void>();

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  joined(worker: Worker): void {
    const latest = { inFlight: 0, replayBuffer: 0, logDropped: 0 };
    this.#workers.set(worker, { traffic: nothing, latest, answered: this.#asked });
    if (this.#isWatched) worker.tell({ kind: 'watched', isWatched: true });
  }

  left(worker: Worker): void {
    const known = this.#workers.get(worker);
    if (known === undefined) return;
    this.#workers.delete(worker);
    this.#gone = addedUp(this.#gone, known.traffic);
    this.#goneDropped += known.latest.logDropped;
    this.#look();
  }

  /** `answers`: the question that asked for it, if it was one. */
  heard(report: WorkReport, worker: Worker, answers: number | null): void {
    const known = this.#workers.get(worker);
    if (known === undefined) return;
    known.traffic = following(known.traffic, report.traffic);
    known.latest = report;
    if (answers !== null) known.answered = Math.max(known.answered, answers);
    this.#latest = [...report.requests, ...this.#latest].toSorted(newestFirst).slice(0, MOST);
    if (this.#isWatched) {
      for (const request of report.requests.toReversed()) this.#follower?.publish(request);
      if (report.skipped > 0) this.#follower?.skipped(report.skipped);
    }
    this.#look();
  }

  traffic(): TrafficCounts {
    let sum = this.#gone;
    for (const { traffic } of this.#workers.values()) sum = addedUp(sum, traffic);
    return at(sum, this.#clock.monotonicMs());
  }

  get inFlight(): number {
    return this.#sumOf(({ inFlight }) => inFlight);
  }

  get replayBuffer(): number {
    return this.#sumOf(({ replayBuffer }) => replayBuffer);
  }

  get logDropped(): number {
    return this.#log.dropped() + this.#goneDropped + this.#sumOf(({ logDropped }) => logDropped);
  }

  latest(): ToldRequest[] {
    return [...this.#latest];
  }

  follow(follower: RequestFollower): void {
    this.#follower = follower;
  }

  watched(isWatched: boolean): void {
    this.#isWatched = isWatched;
    for (const worker of this.#workers.keys()) worker.tell({ kind: 'watched', isWatched });
  }

  async refresh(): Promise<void> {
    this.#asked += 1;
    const id = this.#asked;
    for (const worker of this.#workers.keys()) worker.tell({ kind: 'report', id });
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if ([...this.#workers.values()].every(({ answered }) => answered >= id)) done();
      };
      const done = (): void => {
        cancel();
        this.#waiting.delete(look);
        resolve();
      };
      const cancel = this.#clock.after(ANSWER_MS, done);
      this.#waiting.add(look);
      look();
    });
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }

  #sumOf(of: (latest: Known['latest']) => number): number {
    let sum = 0;
    for (const { latest } of this.#workers.values()) sum += of(latest);
    return sum;
  }
}

/** A later report of the same worker: routes that it leaves out are as they were. */
function following(before: TrafficAt, after: TrafficAt): TrafficAt {
  const told = new Set(after.routes.map(({ route }) => route));
  const others = at(before, after.atMs).routes.filter(({ route }) => !told.has(route));
  return { ...after, routes: [...others, ...after.routes] };
}

function newestFirst(a: ToldRequest, b: ToldRequest): number {
  return a.time === b.time ? 0 : a.time < b.time ? 1 : -1;
}
