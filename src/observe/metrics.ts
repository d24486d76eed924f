/**
 * What Prometheus reads. The numbers are counted elsewhere, without labels to be hashed for each request; prom-client
 * tells of the process, and spells it all.
 */
import type { Metric } from 'prom-client';
import type { HistogramCounts } from './histogram.ts';
import type { Tally } from './route-traffic.ts';
import type { TokenCounts } from './token-traffic.ts';
import type { TrafficCounts } from './traffic.ts';

/** All that is measured, as it is now. */
export interface Measured {
  readonly traffic: TrafficCounts;
  readonly inFlight: number;
  /** Of each credential of the config. */
  readonly tokens: readonly MeasuredToken[];
  /** Bytes. */
  readonly replayBuffer: number;
  readonly logDropped: number;
  readonly reloadFailures: number;
}

export interface MeasuredToken extends TokenCounts {
  /** Milliseconds since 1970; undefined where there is no token, or one that does not expire. */
  readonly expiresAtMs: number | undefined;
}

/** What is served to Prometheus. */
export interface MetricsText {
  readonly type: string;
  readonly body: string;
}

interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

interface Description {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: (measured: Measured) => Sample[];
}

/** Loads prom-client, which takes memory and looks at the process from then on. Called upon the first scrape. */
export async function openMetrics(measure: () => Measured): Promise<() => Promise<MetricsText>> {
  // In a bundle a module of CommonJS has no other export.
  const { Registry, collectDefaultMetrics } = (await import('prom-client')).default;
  const registry = new Registry();
  let measured = measure();
  for (const { samples, ...about } of descriptions) {
    const metric = { ...about, aggregator: 'sum', get: async () => ({ ...about, values: samples(measured) }) };
    // A registry asks no more of a metric than this; its type names the classes that it comes with.
    registry.registerMetric(metric as unknown as Metric);
  }
  collectDefaultMetrics({ register: registry });
  return async () => {
    measured = measure();
    return { type: registry.contentType, body: (await registry.metrics()).replace(valueless, '') };
  };
}

/** What nothing is known of yet: prom-client spells it in a way that not every reader of the format takes. */
const valueless = /^[^#\n].* Nan\n/gm;

const descriptions: readonly Description[] = [
  {
    name: 'bearerway_requests_total',
    type: 'counter',
    help: 'Requests that are over, by route (none: no route was found), method and status (499: the client left before it had one)',
    samples: ({ traffic }) =>
      traffic.routes.flatMap(({ route, requests }) =>
        requests.map(({ method, code, count }) => ({ labels: { route, method, code }, value: count })),
      ),
  },
  {
    name: 'bearerway_request_duration_seconds',
    type: 'histogram',
    help: 'From the head of a request to the last byte of its answer',
    samples: ({ traffic }) =>
      traffic.routes.flatMap(({ route, duration }) =>
        histogram('bearerway_request_duration_seconds', { route }, duration),
      ),
  },
  {
    name: 'bearerway_overhead_seconds',
    type: 'histogram',
    help: 'From the head of a request to the head of its answer, without the time that the API took for that answer',
    samples: ({ traffic }) =>
      traffic.routes.flatMap(({ route, overhead }) => histogram('bearerway_overhead_seconds', { route }, overhead)),
  },
  {
    name: 'bearerway_in_flight_requests',
    type: 'gauge',
    help: 'Requests under way, WebSockets too',
    samples: ({ inFlight }) => [plain(inFlight)],
  },
  {
    name: 'bearerway_retries_total',
    type: 'counter',
    help: 'Requests whose token the API refused, by what became of the second try',
    samples: ({ traffic }) =>
      traffic.routes.flatMap(({ route, retries }) =>
        retries.map(([outcome, value]) => ({ labels: { route, outcome: word(outcome) }, value })),
      ),
  },
  {
    name: 'bearerway_errors_total',
    type: 'counter',
    help: 'Errors that the proxy answered, or ended a connection for, by their code',
    samples: ({ traffic }) => tally('code', traffic.errors),
  },
  {
    name: 'bearerway_refusals_total',
    type: 'counter',
    help: 'Requests that were refused before any API was asked, by the detail of the answer',
    samples: ({ traffic }) => tally('reason', traffic.refusals),
  },
  {
    name: 'bearerway_token_requests_total',
    type: 'counter',
    help: 'Token requests, by their outcome: ok, or the code of the error',
    samples: ({ tokens }) =>
      tokens.flatMap(({ credential, outcomes }) =>
        outcomes.map(([outcome, value]) => ({ labels: { credential, outcome }, value })),
      ),
  },
  {
    name: 'bearerway_token_request_duration_seconds',
    type: 'histogram',
    help: 'How long token requests took, those that failed too',
    samples: ({ tokens }) =>
      tokens.flatMap(({ credential, duration }) =>
        histogram('bearerway_token_request_duration_seconds', { credential }, duration),
      ),
  },
  {
    name: 'bearerway_token_expiry_timestamp_seconds',
    type: 'gauge',
    help: 'When the latest token expires, or has expired; not there without a token, or for one that does not expire',
    samples: ({ tokens }) =>
      tokens.flatMap(({ credential, expiresAtMs }) =>
        expiresAtMs === undefined ? [] : [{ labels: { credential }, value: expiresAtMs / 1000 }],
      ),
  },
  {
    name: 'bearerway_replay_buffer_bytes',
    type: 'gauge',
    help: 'What is kept of request bodies for a second try',
    samples: ({ replayBuffer }) => [plain(replayBuffer)],
  },
  {
    name: 'bearerway_log_dropped_total',
    type: 'counter',
    help: 'Log lines that were dropped because nobody took them in time',
    samples: ({ logDropped }) => [plain(logDropped)],
  },
  {
    name: 'bearerway_config_reload_failures_total',
    type: 'counter',
    help: 'Changes of the configuration that could not be taken over',
    samples: ({ reloadFailures }) => [plain(reloadFailures)],
  },
];

function plain(value: number): Sample {
  return { labels: {}, value };
}

function tally(label: string, counts: Tally): Sample[] {
  return counts.map(([name, value]) => ({ labels: { [label]: name }, value }));
}

/** `done`, or why there was no second try. */
function word(outcome: string): string {
  return outcome.replace('skipped; reason=', '');
}

/** Cumulated, as the format has it. */
function histogram(name: string, labels: Sample['labels'], { bounds, counts, sum }: HistogramCounts): Sample[] {
  let total = 0;
  const buckets = counts.map((count, at) => {
    total += count;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[at] ?? '+Inf' }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: total },
  ];
}
