/** Adds up what several processes have counted. */
import type { HistogramCounts } from './histogram.ts';
import type { Second } from './last-minute.ts';
import { LATEST, type RouteCounts, type Tally } from './route-traffic.ts';
import type { TrafficCounts } from './traffic.ts';

/** Counts, and when they were read: milliseconds, on a clock that all have in common. */
export interface TrafficAt extends TrafficCounts {
  readonly atMs: number;
}

/** What two have counted, at the later of the two moments. */
export function addedUp(a: TrafficAt, b: TrafficAt): TrafficAt {
  const atMs = Math.max(a.atMs, b.atMs);
  const routes = new Map<string, RouteCounts>();
  for (const each of [at(a, atMs), at(b, atMs)]) {
    for (const counts of each.routes) {
      const known = routes.get(counts.route);
      routes.set(counts.route, known === undefined ? counts : bothRoutes(known, counts));
    }
  }
  return {
    atMs,
    routes: [...routes.values()],
    errors: bothTallies(a.errors, b.errors),
    refusals: bothTallies(a.refusals, b.refusals),
  };
}

/** The same counts at a later moment: nothing has been counted meanwhile. */
export function at(traffic: TrafficAt, nowMs: number): TrafficAt {
  const passed = Math.floor(nowMs / 1000) - Math.floor(traffic.atMs / 1000);
  if (passed <= 0) return traffic;
  const routes = traffic.routes.map((counts) => ({ ...counts, lastMinute: later(counts.lastMinute, passed) }));
  return { ...traffic, atMs: nowMs, routes };
}

function later(seconds: readonly Second[], passed: number): Second[] {
  const quiet = Math.min(passed, seconds.length);
  return [...seconds.slice(quiet), ...Array.from({ length: quiet }, () => ({ requests: 0, errors: 0 }))];
}

function bothRoutes(a: RouteCounts, b: RouteCounts): RouteCounts {
  return {
    route: a.route,
    requests: bothRequests(a.requests, b.requests),
    errors: a.errors + b.errors,
    duration: bothHistograms(a.duration, b.duration),
    overhead: bothHistograms(a.overhead, b.overhead),
    retries: bothTallies(a.retries, b.retries),
    latestMs: bothLatest(a.latestMs, b.latestMs),
    lastMinute: a.lastMinute.map(({ requests, errors }, i) => ({
      requests: requests + (b.lastMinute[i]?.requests ?? 0),
      errors: errors + (b.lastMinute[i]?.errors ?? 0),
    })),
  };
}

function bothRequests(a: RouteCounts['requests'], b: RouteCounts['requests']): RouteCounts['requests'] {
  const sums = new Map<string, RouteCounts['requests'][number]>();
  for (const { method, code, count } of [...a, ...b]) {
    const kind = `${method} ${code}`;
    sums.set(kind, { method, code, count: count + (sums.get(kind)?.count ?? 0) });
  }
  return [...sums.values()];
}

function bothTallies(a: Tally, b: Tally): Tally {
  const sums = new Map<string, number>();
  for (const [name, count] of [...a, ...b]) sums.set(name, count + (sums.get(name) ?? 0));
  return [...sums];
}

function bothHistograms(a: HistogramCounts, b: HistogramCounts): HistogramCounts {
  return { bounds: a.bounds, counts: a.counts.map((count, i) => count + (b.counts[i] ?? 0)), sum: a.sum + b.sum };
}

/** As many as one process remembers: from both in proportion to what they have. */
function bothLatest(a: readonly number[], b: readonly number[]): readonly number[] {
  const both = [...a, ...b];
  if (both.length <= LATEST) return both;
  return Array.from({ length: LATEST }, (_, i) => both[Math.floor((i * both.length) / LATEST)] ?? 0);
}
