import { shownConfig } from '../config/shown.ts';
import type { Second } from '../observe/last-minute.ts';
import type { ToldRequest } from '../observe/latest-requests.ts';
import type { RouteCounts } from '../observe/route-traffic.ts';
import { version } from '../version.ts';
import type { CredentialStatus } from './credential-status.ts';
import { curlLine } from './curl-line.ts';
import type { Generation } from './generation.ts';
import type { Observation } from './observation.ts';
import type { ReloadState } from './reload-state.ts';

/** How a route is. */
export interface RouteStatus {
  readonly prefix: string;
  /** Its origin alone. */
  readonly upstream: string;
  readonly credential: string | null;
  /** Null: all but TRACE and CONNECT. */
  readonly methods: readonly string[] | null;
  /** A command that asks for something of it. */
  readonly curl: string;
  /** Since the start. */
  readonly requests: number;
  readonly errors: number;
  /** Of the latest 512 requests; null without any. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** The last minute, the oldest second first; the last one is under way. */
  readonly perSecond: readonly Second[];
}

/** What became of the last change of the config. */
export interface ReloadStatus {
  /** RFC 3339. */
  readonly at: string;
  /** It is in force. */
  readonly ok: boolean;
  /** Why it is not, a line each. */
  readonly error: string | null;
  /** How many came to nothing since the start. */
  readonly failures: number;
}

/** How the proxy is: what changes by itself. */
export interface Status {
  readonly version: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly uptimeS: number;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly notes: readonly string[];
  readonly listen: readonly string[];
  readonly inFlight: number;
  readonly routes: readonly RouteStatus[];
  readonly credentials: readonly CredentialStatus[];
  /** Null: there was none. */
  readonly reload: ReloadStatus | null;
}

/** The whole of it, with what is large or seldom another. */
export interface WholeStatus extends Status {
  readonly requests: readonly ToldRequest[];
  readonly config: unknown;
}

export interface StatusSources {
  readonly observation: Observation;
  readonly generation: Generation;
  readonly health: { unready(): readonly string[]; notes(): readonly string[] };
  readonly listen: readonly string[];
}

export function status({ observation, generation, health, listen }: StatusSources): Status {
  const { startedAtWallMs, uptimeMs, work, reloads } = observation;
  const reasons = health.unready();
  const traffic = new Map(work.traffic().routes.map((counts) => [counts.route, counts]));
  return {
    version,
    startedAt: new Date(startedAtWallMs).toISOString(),
    uptimeS: Math.floor(uptimeMs / 1000),
    ready: reasons.length === 0,
    reasons,
    notes: health.notes(),
    listen,
    inFlight: work.inFlight,
    routes: generation.config.routes.map(({ prefix, upstream, credential = null, methods = null }) => ({
      prefix,
      upstream: upstream.origin,
      credential,
      methods,
      curl: curlLine(generation.config.listen, listen[0] ?? '', prefix),
      ...figures(traffic.get(prefix)),
    })),
    credentials: [...generation.credentials.values()].map((each) => each.status()),
    reload: reloadStatus(reloads),
  };
}

export async function wholeStatus(sources: StatusSources): Promise<WholeStatus> {
  const { work } = sources.observation;
  await work.refresh();
  const requests = work.latest();
  return { ...status(sources), requests, config: shownConfig(sources.generation.config) };
}

function reloadStatus({ last, failures }: ReloadState): ReloadStatus | null {
  if (last === undefined) return null;
  return { at: new Date(last.atMs).toISOString(), ok: last.ok, error: last.ok ? null : last.message, failures };
}

type Figures = Pick<RouteStatus, 'requests' | 'errors' | 'p50Ms' | 'p99Ms' | 'perSecond'>;

const nothing: Second = { requests: 0, errors: 0 };

function figures(counts: RouteCounts | undefined): Figures {
  if (counts === undefined) {
    return { requests: 0, errors: 0, p50Ms: null, p99Ms: null, perSecond: Array.from({ length: 60 }, () => nothing) };
  }
  const { requests, errors, latestMs, lastMinute } = counts;
  const sorted = latestMs.toSorted((a, b) => a - b);
  return {
    requests: requests.reduce((sum, { count }) => sum + count, 0),
    errors,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    perSecond: lastMinute,
  };
}

/** The nearest that was measured, to microseconds. */
function percentile(sorted: readonly number[], part: number): number | null {
  const value = sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
  return value === undefined ? null : Math.round(value * 1000) / 1000;
}
