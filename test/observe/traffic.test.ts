import { describe, expect, test } from 'vitest';
import { type MeasuredToken, openMetrics } from '../../src/observe/metrics.ts';
import { TokenTraffic } from '../../src/observe/token-traffic.ts';
import { Traffic } from '../../src/observe/traffic.ts';
import { newRecord, type RequestRecord } from '../../src/proxy/record.ts';
import { MovedClock } from '../support/clock.ts';
import { parsed, type Scrape } from '../support/scrape.ts';

function record(more: Partial<RequestRecord> = {}): RequestRecord {
  const usual = { route: '/api', status: 200, durationMs: 10, upstreamMs: 9, overheadMs: 1 };
  return { ...newRecord({ requestId: 'r', method: 'GET', client: '127.0.0.1:5' }), ...usual, ...more };
}

/** What is served of these counters. */
async function served(traffic: Traffic, tokens: readonly MeasuredToken[] = []): Promise<Scrape> {
  const nothing = { inFlight: 0, replayBuffer: 0, logDropped: 0, reloadFailures: 0 };
  const read = await openMetrics(() => ({ traffic: traffic.read(), tokens, ...nothing }));
  return parsed((await read()).body);
}

test('however many paths, methods, hosts and clients there are, there are no more series', async () => {
  const traffic = new Traffic(new MovedClock());
  traffic.observe(record({ error: 'no_route', refusal: 'no such route', route: undefined }));
  traffic.observe(record({ method: 'OTHER' }));
  traffic.observe(record());
  const before = (await served(traffic)).text.split('\n').filter((line) => line.startsWith('bearerway_')).length;

  for (let i = 0; i < 100_000; i += 1) {
    const who = { requestId: `id-${i}`, method: i % 2 === 0 ? `M${i}` : 'GET', client: `10.0.0.1:${i}` };
    const found = i % 3 > 0;
    const denied = { error: 'no_route', refusal: 'no such route', reason: `no such route: ${i}` } as const;
    const lost = { ...denied, route: undefined, method: 'OTHER' };
    traffic.observe(record({ ...who, path: `/${i}`, ...(found ? {} : lost) }));
  }
  const after = await served(traffic);

  expect(after.text.split('\n').filter((line) => line.startsWith('bearerway_')).length - before).toBe(1);
  expect(after.sum('bearerway_requests_total')).toBe(100_003);
  expect(after.text).not.toMatch(/id-|M\d|10\.0\.0\.1/);
});

test('reasons have a bound, too, though nothing that a client says is one', async () => {
  const traffic = new Traffic(new MovedClock());
  for (let i = 0; i < 1000; i += 1) traffic.observe(record({ error: 'bad_request', refusal: `reason ${i}` }));
  const after = await served(traffic);
  expect(after.series('bearerway_refusals_total')).toHaveLength(201);
  expect(after.value('bearerway_refusals_total', { reason: 'other' })).toBe(800);
});

describe('a histogram', () => {
  test('has each value in its bucket and in all above, and its sum', async () => {
    const traffic = new Traffic(new MovedClock());
    for (const durationMs of [0.4, 0.5, 0.6, 30, 60_000, 61_000]) traffic.observe(record({ durationMs }));
    const { metrics } = await served(traffic);
    const [found] = metrics['bearerway_request_duration_seconds']?.data ?? [];
    expect(found).toMatchObject({
      labels: { route: '/api' },
      buckets: { '0.0005': 2, '0.001': 3, '0.025': 3, '0.05': 4, '30': 4, '60': 5, '+Inf': 6 },
      count: 6,
    });
    expect(found).toHaveProperty('sum', expect.closeTo(121.0315, 6));
  });

  test('of the overhead leaves out what no API was asked for', async () => {
    const traffic = new Traffic(new MovedClock());
    traffic.observe(record({ overheadMs: 0.04 }));
    traffic.observe(record({ overheadMs: undefined, upstreamMs: undefined, error: 'token_unavailable', status: 503 }));
    const { metrics } = await served(traffic);
    const [found] = metrics['bearerway_overhead_seconds']?.data ?? [];
    expect(found).toMatchObject({ buckets: { '0.00005': 1, '1': 1 }, count: 1 });
  });
});

test('a name of the config may hold what the format must escape', async () => {
  const traffic = new Traffic(new MovedClock());
  traffic.observe(record({ route: '/a"b' }));
  const tokens = new TokenTraffic();
  tokens.add('q"r', 'ok', 5);
  const after = await served(traffic, [{ ...tokens.read('q"r'), expiresAtMs: 1_800_000_000_500 }]);
  expect(after.value('bearerway_requests_total', { route: '/a"b' })).toBe(1);
  expect(after.value('bearerway_token_requests_total', { credential: 'q"r', outcome: 'ok' })).toBe(1);
  expect(after.value('bearerway_token_expiry_timestamp_seconds', { credential: 'q"r' })).toBe(1_800_000_000.5);
});

describe('what counts as an error', () => {
  test.each<[Partial<RequestRecord>, number]>([
    [{ status: 200 }, 0],
    [{ status: 404 }, 0],
    [{ status: 401 }, 0],
    [{ status: 500 }, 1],
    [{ status: 502, error: 'upstream_unreachable' }, 1],
    [{ status: 200, error: 'upstream_reset' }, 1],
    [{ status: 503, error: 'token_unavailable' }, 1],
    [{ status: 503, error: 'overloaded' }, 1],
    [{ status: 400, error: 'bad_request' }, 0],
    [{ status: 499, error: 'client_left' }, 0],
    [{ status: 499, error: 'shut_down' }, 1],
  ])('%j: %i', (more, errors) => {
    const traffic = new Traffic(new MovedClock());
    traffic.observe(record(more));
    expect(traffic.read().routes[0]?.errors).toBe(errors);
  });
});

test('the last minute is told by the second, and forgotten behind it', () => {
  const clock = new MovedClock();
  const traffic = new Traffic(clock);
  const minute = () => traffic.read().routes[0]?.lastMinute ?? [];
  traffic.observe(record({ endedAtMs: clock.monotonicMs() }));
  traffic.observe(record({ status: 500, endedAtMs: clock.monotonicMs() }));
  clock.advance(1000);
  traffic.observe(record({ endedAtMs: clock.monotonicMs() }));
  clock.advance(2000);
  expect(minute().slice(-4)).toEqual([
    { requests: 2, errors: 1 },
    { requests: 1, errors: 0 },
    { requests: 0, errors: 0 },
    { requests: 0, errors: 0 },
  ]);
  clock.advance(56_000);
  expect(minute()[0]).toEqual({ requests: 2, errors: 1 });
  clock.advance(1000);
  expect(minute()[0]).toEqual({ requests: 1, errors: 0 });
  clock.advance(3_600_000);
  expect(minute()).toHaveLength(60);
  expect(minute().every(({ requests, errors }) => requests + errors === 0)).toBe(true);
});
