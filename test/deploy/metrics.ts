/** The metrics that dashboards and alerts may name. */

/** From name to labels. */
export type Metrics = ReadonlyMap<string, readonly string[]>;

/** Histograms have three names, one with a label more. */
const histogram = (name: string, labels: readonly string[]): [string, readonly string[]][] => [
  [`${name}_bucket`, [...labels, 'le']],
  [`${name}_sum`, labels],
  [`${name}_count`, labels],
];

/** What the documentation promises, and what of prom-client's own is in use. */
export const promised: Metrics = new Map([
  ['bearerway_requests_total', ['route', 'method', 'code']],
  ...histogram('bearerway_request_duration_seconds', ['route']),
  ...histogram('bearerway_overhead_seconds', ['route']),
  ['bearerway_in_flight_requests', []],
  ['bearerway_token_requests_total', ['credential', 'outcome']],
  ...histogram('bearerway_token_request_duration_seconds', ['credential']),
  ['bearerway_token_expiry_timestamp_seconds', ['credential']],
  ['bearerway_retries_total', ['route', 'outcome']],
  ['bearerway_errors_total', ['code']],
  ['bearerway_replay_buffer_bytes', []],
  ['bearerway_log_dropped_total', []],
  ['bearerway_config_reload_failures_total', []],
  ['process_cpu_seconds_total', []],
  ['process_resident_memory_bytes', []],
]);
