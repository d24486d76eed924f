import type { Clock } from '../clock.ts';
import { type FailureCode, failureKinds } from '../errors.ts';
import { type CountedRequest, type RouteCounts, RouteTraffic, type Tally } from './route-traffic.ts';

/** What the counters take from a request that is over. */
export interface ObservedRequest extends CountedRequest {
  /** On the monotonic clock, as {@link Traffic} has it. */
  readonly endedAtMs: number;
  readonly route?: string | undefined;
  readonly error?: FailureCode | 'client_left' | 'shut_down' | undefined;
  /** Why it was not let through, in words that are the same each time. */
  readonly refusal?: string | undefined;
}

/** What was counted since the start, as plain data. */
export interface TrafficCounts {
  readonly routes: readonly RouteCounts[];
  /** By code. */
  readonly errors: Tally;
  /** By the words to who was refused. */
  readonly refusals: Tally;
}

/** Its words are ours and the config's, and so only so many; what made them more would not be ours. */
const MOST_REASONS = 200;

/** So many are counted together: in its place between requests each would take twice as long. */
const TOGETHER = 16;

/** Counts requests: a few numbers each, whatever their paths, methods and hosts are. */
export class Traffic {
  readonly #clock: Clock;
  readonly #routes = new Map<string, RouteTraffic>();
  /** How many requests of each route were read as news. */
  readonly #told = new Map<RouteTraffic, number>();
  readonly #errors = new Map<string, number>();
  readonly #refusals = new Map<string, number>();
  /** Those that are not counted yet. */
  #observed: ObservedRequest[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    for (const code of [...Object.keys(failureKinds), 'client_left', 'shut_down']) this.#errors.set(code, 0);
  }

  observe(request: ObservedRequest): void {
    this.#observed.push(request);
    if (this.#observed.length === TOGETHER) this.#countAll();
  }

  #countAll(): void {
    for (const request of this.#observed) this.#count(request);
    this.#observed = [];
  }

  #count(request: ObservedRequest): void {
    const { route = 'none', error, refusal } = request;
    let traffic = this.#routes.get(route);
    if (traffic === undefined) {
      traffic = new RouteTraffic(route);
      this.#routes.set(route, traffic);
    }
    traffic.add(request, isError(request), request.endedAtMs);
    if (error === undefined) return;
    add(this.#errors, error);
    if (refusal === undefined) return;
    const isMore = this.#refusals.size >= MOST_REASONS && !this.#refusals.has(refusal);
    add(this.#refusals, isMore ? 'other' : refusal);
  }

  read(): TrafficCounts {
    this.#countAll();
    return this.#read([...this.#routes.values()]);
  }

  /** The same, but of routes only those that have had requests since the last time. */
  readNews(): TrafficCounts {
    this.#countAll();
    const news = [...this.#routes.values()].filter((each) => each.count !== this.#told.get(each));
    for (const each of news) this.#told.set(each, each.count);
    return this.#read(news);
  }

  #read(routes: readonly RouteTraffic[]): TrafficCounts {
    const nowMs = this.#clock.monotonicMs();
    return {
      routes: routes.map((each) => each.read(nowMs)),
      errors: [...this.#errors],
      refusals: [...this.#refusals],
    };
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** Something is wrong behind us or in us: neither what a client did wrong, nor its leaving. */
function isError({ status, error }: ObservedRequest): boolean {
  if (error === undefined) return status >= 500;
  return error === 'shut_down' || (error !== 'client_left' && failureKinds[error].source !== 'client');
}
