import { describe, expect, test } from 'vitest';
import { startApi, whenWhole } from '../support/api.ts';
import { connectRaw, exchangeRaw } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, oneRoute, startProxy } from '../support/proxy.ts';
import { scrape } from '../support/scrape.ts';
import { setStage } from '../support/stage.ts';

const promised = [
  ['bearerway_requests_total', 'counter'],
  ['bearerway_request_duration_seconds', 'histogram'],
  ['bearerway_overhead_seconds', 'histogram'],
  ['bearerway_in_flight_requests', 'gauge'],
  ['bearerway_token_requests_total', 'counter'],
  ['bearerway_token_request_duration_seconds', 'histogram'],
  ['bearerway_token_expiry_timestamp_seconds', 'gauge'],
  ['bearerway_retries_total', 'counter'],
  ['bearerway_errors_total', 'counter'],
  ['bearerway_refusals_total', 'counter'],
  ['bearerway_replay_buffer_bytes', 'gauge'],
  ['bearerway_log_dropped_total', 'counter'],
  ['bearerway_config_reload_failures_total', 'counter'],
  ['process_cpu_seconds_total', 'counter'],
  ['process_resident_memory_bytes', 'gauge'],
  ['nodejs_eventloop_lag_seconds', 'gauge'],
] as const;

test('all that is promised is there, by its name and type, from the first scrape on', async () => {
  const { proxy } = await setStage();
  const reply = await proxy.askAdmin('/metrics');
  expect(reply.status).toBe(200);
  expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const { metrics } = await scrape(proxy);
  for (const [name, type] of promised) expect({ name, type: metrics[name]?.type }).toEqual({ name, type });
  expect(Object.keys(metrics).filter((name) => metrics[name]?.type === 'unknown')).toEqual([]);
});

describe('numbers are what happened', () => {
  test('requests, by route, method and status', async () => {
    const { proxy, api } = await setStage();
    await proxy.call('/api/x');
    await proxy.call('/api/y', { method: 'POST', body: 'hi' });
    await proxy.call('/api/z', { method: 'PROPFIND' });
    api.behaveOnce(whenWhole((_, response) => response.writeHead(500).end()));
    await proxy.call('/api/x');
    await proxy.call('/nowhere');
    await exchangeRaw(proxy.port, 'no HTTP\r\n\r\n');
    await proxy.served(6);

    const read = await scrape(proxy);
    const counted = (route: string, method: string, code: string) =>
      read.value('bearerway_requests_total', { route, method, code });
    expect(counted('/api', 'GET', '200')).toBe(1);
    expect(counted('/api', 'POST', '200')).toBe(1);
    expect(counted('/api', 'other', '200')).toBe(1);
    expect(counted('/api', 'GET', '500')).toBe(1);
    expect(counted('none', 'GET', '404')).toBe(1);
    expect(counted('none', 'other', '400')).toBe(1);
    expect(read.sum('bearerway_requests_total')).toBe(6);
    expect(read.value('bearerway_request_duration_seconds', { route: '/api' })).toBe(4);
    expect(read.value('bearerway_overhead_seconds', { route: '/api' })).toBe(4);
    expect(read.value('bearerway_overhead_seconds', { route: 'none' })).toBe(0);
    expect(read.value('bearerway_errors_total', { code: 'no_route' })).toBe(1);
    expect(read.value('bearerway_errors_total', { code: 'bad_request' })).toBe(1);
    expect(read.value('bearerway_errors_total', { code: 'upstream_reset' })).toBe(0);
  });

  test('refusals by their reason, in the words that the client got, whatever the client said', async () => {
    const { proxy } = await setStage();
    for (const host of ['evil.test', 'other.test']) await proxy.call('/api/x', { headers: { host } });
    for (const path of ['/api/%2e%2e/x', '/api/../y']) await proxy.call(path);
    const { detail } = (await proxy.call('/api/./z')).json();

    const read = await scrape(proxy);
    expect(read.value('bearerway_refusals_total', { reason: String(detail) })).toBe(3);
    expect(read.series('bearerway_refusals_total')).toHaveLength(2);
    expect(read.text).not.toMatch(/evil|other\.test/);
  });

  test('retries, by what became of them; an accepted request is none', async () => {
    const { proxy, api, provider } = await setStage();
    await proxy.call('/api/x');
    api.rejectOnce();
    await proxy.call('/api/x');
    api.rejectOnce();
    provider.answerAlways({ status: 503 });
    await proxy.call('/api/x');

    const read = await scrape(proxy);
    expect(read.value('bearerway_retries_total', { route: '/api', outcome: 'done' })).toBe(1);
    expect(read.value('bearerway_retries_total', { route: '/api', outcome: 'token-unavailable' })).toBe(1);
    expect(read.sum('bearerway_retries_total')).toBe(2);
  });

  test('token requests, how long they took, and when the token expires', async () => {
    const [good, bad] = [await startIdentityProvider(), await startIdentityProvider()];
    bad.answerAlways({ status: 401, body: { error: 'invalid_client' } });
    const clock = new MovedClock();
    good.goSlow();
    const api = await startApi(good);
    const proxy = await startProxy(
      {
        credentials: {
          main: credentialFor(good),
          refused: credentialFor(bad),
          given: { type: 'static', token: 'canary-token-given' },
        },
        routes: [{ prefix: '/api', upstream: api.url, credential: 'main' }],
      },
      { clock },
    );
    await proxy.told(/no token could be had/);
    await good.requested(1);
    const askedAtS = clock.wallMs() / 1000;
    clock.advance(300);
    good.goOn();
    await proxy.told(/token obtained/, 2);

    const read = await scrape(proxy);
    const outcome = (credential: string, word: string) =>
      read.value('bearerway_token_requests_total', { credential, outcome: word });
    expect([outcome('main', 'ok'), outcome('main', 'token_refused')]).toEqual([1, 0]);
    expect([outcome('refused', 'ok'), outcome('refused', 'token_refused')]).toEqual([0, 1]);
    expect(outcome('given', 'ok')).toBe(1);
    const [took] = read.metrics['bearerway_token_request_duration_seconds']?.data ?? [];
    expect(took).toMatchObject({ labels: { credential: 'main' }, buckets: { '0.25': 0, '0.5': 1 }, sum: 0.3 });
    expect(read.value('bearerway_token_request_duration_seconds', { credential: 'given' })).toBe(0);
    expect(read.value('bearerway_token_expiry_timestamp_seconds', { credential: 'main' })).toBe(askedAtS + 3600);
    expect(read.series('bearerway_token_expiry_timestamp_seconds')).toHaveLength(1);
  });

  test('what is under way, and what is kept of its body', async () => {
    const { proxy, api } = await setStage();
    const arrived = Promise.withResolvers<() => void>();
    api.behaveOnce(whenWhole((_, response) => arrived.resolve(() => response.end('done'))));
    const call = proxy.call('/api/x', { method: 'POST', body: Buffer.alloc(2000) });
    const finish = await arrived.promise;

    const during = await scrape(proxy);
    expect(during.value('bearerway_in_flight_requests')).toBe(1);
    expect(during.value('bearerway_replay_buffer_bytes')).toBe(2000);
    finish();
    await call;
    const after = await scrape(proxy);
    expect(after.value('bearerway_in_flight_requests')).toBe(0);
    expect(after.value('bearerway_replay_buffer_bytes')).toBe(0);
  });

  test('the overhead is what the API did not take: a wait for a token, and not a slow answer', async () => {
    const provider = await startIdentityProvider();
    provider.goSlow();
    const clock = new MovedClock();
    const api = await startApi(provider);
    const proxy = await startProxy(oneRoute(api, provider), { clock });
    const arrived = Promise.withResolvers<() => void>();
    api.behaveOnce(whenWhole((_, response) => arrived.resolve(() => response.end('late'))));
    const client = await connectRaw(proxy.port);
    client.send('GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await provider.requested(1);
    // Its request waits now, if it has arrived; a second one tells that it has.
    await proxy.call('/nowhere');
    clock.advance(200);
    provider.goOn();
    const answer = await arrived.promise;
    clock.advance(7000);
    answer();
    await client.until((text) => text.includes('late'));
    await proxy.served(2);

    const { metrics } = await scrape(proxy);
    const of = (name: string) => metrics[name]?.data.find(({ labels }) => labels['route'] === '/api');
    expect(of('bearerway_overhead_seconds')).toMatchObject({ count: 1, sum: 0.2 });
    expect(of('bearerway_request_duration_seconds')).toMatchObject({ count: 1, sum: 7.2 });
  });
});

test('thousands of random paths, methods and hosts make no series of their own', async () => {
  const { proxy } = await setStage({ route: { methods: ['GET'] } });
  const client = await connectRaw(proxy.port);
  const random = (i: number): string => `z${(i * 2_654_435_761) % 4_294_967_296}`;
  const rounds = 2000;
  const requests = Array.from({ length: rounds }, (_, i) => {
    const [line, host] = [
      [`GET /${random(i)} HTTP/1.1`, 'localhost'],
      [`${random(i).toUpperCase()} /api/${random(i)}?${random(i)} HTTP/1.1`, 'localhost'],
      [`GET /api/x HTTP/1.1`, `${random(i)}.test`],
      // Only these reach the API.
      ...(i < 200 ? [[`GET /api/${random(i)} HTTP/1.1`, 'localhost']] : []),
    ][i % (i < 200 ? 4 : 3)] as [string, string];
    return `${line}\r\nHost: ${host}\r\nX-Request-Id: ${random(i)}\r\n\r\n`;
  });
  client.send(`${requests.join('')}GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  await client.toEnd();

  const read = await scrape(proxy);
  expect(read.sum('bearerway_requests_total')).toBe(rounds + 1);
  expect(read.value('bearerway_requests_total', { route: '/api', method: 'GET', code: '200' })).toBe(50);
  expect(read.series('bearerway_requests_total')).toHaveLength(4);
  expect(read.text).not.toMatch(/z\d{3}/i);
});
