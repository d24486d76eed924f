import type { Clock } from '../clock.ts';
import { LatestRequests, type ToldRequest } from '../observe/latest-requests.ts';
import type { Log } from '../observe/log.ts';
import { requestLog } from '../observe/request-log.ts';
import { Traffic, type TrafficCounts } from '../observe/traffic.ts';
import type { ReplayMemory } from '../proxy/body.ts';
import type { InFlight } from '../proxy/in-flight.ts';
import type { RequestObserver, RequestRecord } from '../proxy/record.ts';

/** Hears of requests that are over. */
export interface RequestFollower {
  publish(this: void, request: RequestRecord | ToldRequest): void;
  /** Of so many more it hears nothing else. */
  skipped(this: void, count: number): void;
}

/** What is done for clients, seen and counted, by whomever. */
export interface Work {
  traffic(): TrafficCounts;
  readonly inFlight: number;
  /** Bytes kept of request bodies. */
  readonly replayBuffer: number;
  readonly logDropped: number;
  /** The newest first. */
  latest(): ToldRequest[];
  follow(follower: RequestFollower): void;
  /** Whether what is followed is of interest to anybody now. */
  watched(isWatched: boolean): void;
  /** Resolves when all that is told here is as it is now. */
  refresh(): Promise<void>;
}

export interface OwnWorkOptions {
  /** Hears of each request as well. */
  readonly watcher?: { readonly request: RequestObserver } | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly inFlight: InFlight;
  readonly replayMemory: ReplayMemory;
}

/** That of this process. It outlives a config: counters never go back. */
export class OwnWork implements Work {
  readonly latestRequests: LatestRequests;
  readonly counted: Traffic;
  readonly observe: RequestObserver;
  readonly #log: Log;
  readonly #inFlight: InFlight;
  readonly #replayMemory: ReplayMemory;
  #follow: RequestObserver = () => {};

  constructor({ clock, log, inFlight, replayMemory, watcher }: OwnWorkOptions) {
    this.latestRequests = new LatestRequests();
    this.counted = new Traffic(clock);
    this.#log = log;
    this.#inFlight = inFlight;
    this.#replayMemory = replayMemory;
    const logged = requestLog(log);
    this.observe = (record) => {
      const wallMs = clock.wallMs();
      logged(record, wallMs);
      this.counted.observe(record);
      this.latestRequests.observe(record, wallMs);
      this.#follow(record);
      watcher?.request(record);
    };
  }

  get inFlight(): number {
    return this.#inFlight.total;
  }

  get replayBuffer(): number {
    return this.#replayMemory.taken;
  }

  get logDropped(): number {
    return this.#log.dropped();
  }

  traffic(): TrafficCounts {
    return this.counted.read();
  }

  latest(): ToldRequest[] {
    return this.latestRequests.read();
  }

  follow(follower: Pick<RequestFollower, 'publish'>): void {
    this.#follow = follower.publish;
  }

  watched(): void {}

  async refresh(): Promise<void> {}
}
