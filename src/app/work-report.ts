/** What a worker tells the first process of its work: at most once a second, or when it is asked. */
import type { Clock } from '../clock.ts';
import type { ToldRequest } from '../observe/latest-requests.ts';
import type { RouteCounts } from '../observe/route-traffic.ts';
import type { TrafficAt } from '../observe/traffic-sum.ts';
import type { OwnWork } from './work.ts';

export interface WorkReport {
  /** Of routes only those that have had requests since the last report. */
  readonly traffic: TrafficAt;
  readonly inFlight: number;
  readonly replayBuffer: number;
  readonly logDropped: number;
  /** The latest since the last report; the newest first. */
  readonly requests: readonly ToldRequest[];
  /** So many more there were. */
  readonly skipped: number;
}

const INTERVAL_MS = 1000;
/** While somebody watches. */
const WATCHED_MS = 250;

export class WorkReports {
  readonly #work: OwnWork;
  readonly #clock: Clock;
  readonly #tell: (report: WorkReport) => void;
  #told = 0;
  #isDue = false;
  #isWatched = false;

  constructor(work: OwnWork, clock: Clock, tell: (report: WorkReport) => void) {
    this.#work = work;
    this.#clock = clock;
    this.#tell = tell;
    work.follow({ publish: () => this.#plan() });
  }

  watched(isWatched: boolean): void {
    this.#isWatched = isWatched;
    if (isWatched) this.#plan();
  }

  /** All that is new since this was called last. */
  read(): WorkReport {
    const { counted, latestRequests, inFlight, replayBuffer, logDropped } = this.#work;
    const { count } = latestRequests;
    const requests = latestRequests.read(count - this.#told);
    const skipped = count - this.#told - requests.length;
    this.#told = count;
    const { routes, ...others } = counted.readNews();
    const traffic = { ...others, routes: routes.map(shortened), atMs: this.#clock.monotonicMs() };
    return { traffic, inFlight, replayBuffer, logDropped, requests, skipped };
  }

  /** While somebody watches one report follows another: what is under way changes without a request that ends. */
  #plan(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.after(this.#isWatched ? WATCHED_MS : INTERVAL_MS, () => {
      this.#isDue = false;
      this.#tell(this.read());
      if (this.#isWatched) this.#plan();
    });
  }
}

/** To microseconds: there are many of them. */
function shortened(counts: RouteCounts): RouteCounts {
  return { ...counts, latestMs: counts.latestMs.map((ms) => Math.round(ms * 1000) / 1000) };
}
