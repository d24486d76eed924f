import { Histogram, type HistogramCounts } from './histogram.ts';
import { LastMinute, type Second } from './last-minute.ts';

/** What a route's counters take from a request that is over. */
export interface CountedRequest {
  readonly method: string;
  readonly status: number;
  /** Milliseconds. */
  readonly durationMs: number;
  readonly overheadMs?: number | undefined;
  readonly retry?: string | undefined;
}

/** How often something happened, by its name. */
export type Tally = readonly (readonly [name: string, count: number])[];

/** One route's counters, as plain data. */
export interface RouteCounts {
  /** Its prefix; `none` for what found no route. */
  readonly route: string;
  readonly requests: readonly { readonly method: string; readonly code: number; readonly count: number }[];
  readonly errors: number;
  readonly duration: HistogramCounts;
  readonly overhead: HistogramCounts;
  readonly retries: Tally;
  /** Milliseconds that the latest requests took, in no order. */
  readonly latestMs: readonly number[];
  readonly lastMinute: readonly Second[];
}

/** Seconds. */
const durationBounds = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const;
const overheadBounds = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
] as const;
/** Percentiles are of so many requests. */
export const LATEST = 512;

/** Any token may be a method: those that nobody uses are one. */
const methods = ['other', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'] as const;
const methodNumbers = new Map<string, number>(methods.map((method, at) => [method, at]));
/** Beyond any status. */
const METHOD = 1000;

/** Counts one route's requests. */
export class RouteTraffic {
  readonly #route: string;
  /** By method and status in one number. */
  readonly #requests = new Map<number, number>();
  readonly #duration = new Histogram(durationBounds);
  readonly #overhead = new Histogram(overheadBounds);
  readonly #retries = new Map<string, number>();
  readonly #latestMs = new Float32Array(LATEST);
  readonly #lastMinute = new LastMinute();
  #count = 0;
  #errors = 0;

  constructor(route: string) {
    this.#route = route;
  }

  add({ method, status, durationMs, overheadMs, retry }: CountedRequest, isError: boolean, nowMs: number): void {
    const kind = (methodNumbers.get(method) ?? 0) * METHOD + status;
    this.#requests.set(kind, (this.#requests.get(kind) ?? 0) + 1);
    this.#duration.add(durationMs / 1000);
    if (overheadMs !== undefined) this.#overhead.add(overheadMs / 1000);
    if (retry !== undefined) this.#retries.set(retry, (this.#retries.get(retry) ?? 0) + 1);
    this.#latestMs[this.#count % LATEST] = durationMs;
    this.#lastMinute.add(nowMs, isError);
    this.#count += 1;
    if (isError) this.#errors += 1;
  }

  /** How many were counted. */
  get count(): number {
    return this.#count;
  }

  read(nowMs: number): RouteCounts {
    return {
      route: this.#route,
      requests: [...this.#requests].map(([kind, count]) => ({
        method: methods[Math.floor(kind / METHOD)] ?? 'other',
        code: kind % METHOD,
        count,
      })),
      errors: this.#errors,
      duration: this.#duration.read(),
      overhead: this.#overhead.read(),
      retries: [...this.#retries],
      latestMs: [...this.#latestMs.subarray(0, Math.min(this.#count, LATEST))],
      lastMinute: this.#lastMinute.read(nowMs),
    };
  }
}
