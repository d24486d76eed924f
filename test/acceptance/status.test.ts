import { describe, expect, test } from 'vitest';
import type { WholeStatus } from '../../src/app/status.ts';
import { version } from '../../src/version.ts';
import { startApi, whenWhole } from '../support/api.ts';
import { CLIENT_SECRET, TOKEN_PREFIX } from '../support/canary.ts';
import { connectRaw } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, oneRoute, type RunningProxy, startProxy, steady } from '../support/proxy.ts';

async function statusOf(proxy: RunningProxy): Promise<WholeStatus> {
  const reply = await proxy.askAdmin('/api/status');
  expect(reply.status).toBe(200);
  expect(reply.headers['content-type']).toBe('application/json');
  return JSON.parse(reply.text);
}

const OBTAINED = /token obtained/;
const FAILED = /no token could be had/;

async function start(more: Readonly<Record<string, unknown>> = {}) {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const clock = new MovedClock();
  const proxy = await startProxy({ ...oneRoute(api, provider), ...more }, { clock });
  return { provider, api, clock, proxy };
}

test('it tells what runs, since when, and where', async () => {
  const { proxy, clock } = await start();
  await proxy.told(OBTAINED);
  const startedAt = new Date(clock.wallMs()).toISOString();
  clock.advance(61_500);
  expect(await statusOf(proxy)).toMatchObject({
    ...{ version, startedAt, uptimeS: 61, ready: true, reasons: [], notes: [], inFlight: 0, reload: null },
    listen: proxy.app.bound.addresses,
  });
});

test('it tells why it is not ready', async () => {
  const provider = await startIdentityProvider();
  provider.answerAlways({ status: 401, body: { error: 'invalid_client' } });
  const proxy = await startProxy(oneRoute(await startApi(provider), provider));
  await proxy.told(FAILED);
  expect(await statusOf(proxy)).toMatchObject({
    ready: false,
    reasons: [expect.stringMatching(/^credential main: token_refused: .*invalid_client/)],
  });
});

describe('routes', () => {
  test('each with where it goes, and what came of its requests', async () => {
    const { proxy, api, clock } = await start();
    const rest = Promise.withResolvers<() => void>();
    for (const ms of [10, 20, 30, 40]) {
      const arrived = Promise.withResolvers<() => void>();
      api.behaveOnce(whenWhole((_, response) => arrived.resolve(() => response.end('done'))));
      const call = proxy.call('/api/x');
      const answer = await arrived.promise;
      clock.advance(ms);
      answer();
      await call;
    }
    clock.advance(3000);
    api.behaveOnce(whenWhole((_, response) => response.writeHead(500).end()));
    await proxy.call('/api/x');
    await proxy.call('/nowhere');
    api.behaveOnce(whenWhole((_, response) => rest.resolve(() => response.end('done'))));
    const underWay = proxy.call('/api/x');
    const answer = await rest.promise;

    const { routes, inFlight } = await statusOf(proxy);
    expect(routes).toEqual([
      {
        prefix: '/api',
        upstream: api.url,
        credential: 'main',
        methods: null,
        curl: `curl ${proxy.url}/api/anything`,
        requests: 5,
        errors: 1,
        p50Ms: 20,
        p99Ms: 40,
        perSecond: expect.any(Array),
      },
    ]);
    expect(inFlight).toBe(1);
    const perSecond = routes[0]?.perSecond ?? [];
    expect(perSecond).toHaveLength(60);
    expect(perSecond.slice(-4)).toEqual([
      { requests: 4, errors: 0 },
      { requests: 0, errors: 0 },
      { requests: 0, errors: 0 },
      { requests: 1, errors: 1 },
    ]);
    answer();
    await underWay;
  });

  test('one that nobody asked for, too, and of its upstream the origin alone', async () => {
    const proxy = await startProxy({
      routes: [{ prefix: '/a', upstream: 'http://127.0.0.1:9/secret-base', methods: ['GET'] }],
    });
    const { routes } = await statusOf(proxy);
    expect(routes[0]).toMatchObject({
      ...{ upstream: 'http://127.0.0.1:9', credential: null, methods: ['GET'] },
      ...{ requests: 0, errors: 0, p50Ms: null, p99Ms: null },
    });
    expect(routes[0]?.perSecond).toHaveLength(60);
  });
});

describe('credentials', () => {
  const main = async (proxy: RunningProxy) => (await statusOf(proxy)).credentials[0];

  test('from none to fresh to stale; its token is never told', async () => {
    const { provider, proxy, clock } = await started((slow) => slow.goSlow());
    await provider.requested(1);
    expect(await main(proxy)).toEqual({
      ...{ name: 'main', type: 'client_credentials', provider: null, required: true, state: 'none' },
      ...{
        renewing: true,
        ageS: null,
        lifetimeS: null,
        expiresAt: null,
        lastRefreshAt: null,
        refreshes: 0,
        failures: 0,
        failure: null,
      },
    });
    provider.goOn();
    await proxy.told(OBTAINED);
    const gotAtMs = clock.wallMs();
    clock.advance(1500);
    expect(await main(proxy)).toMatchObject({
      ...{ state: 'fresh', ageS: 1.5, lifetimeS: 3600, refreshes: 1, failures: 0, failure: null },
      expiresAt: new Date(gotAtMs + 3_600_000).toISOString(),
      lastRefreshAt: new Date(gotAtMs).toISOString(),
    });

    provider.goSlow();
    await proxy.call('/api/x');
    clock.advance(3_590_000);
    expect(await main(proxy)).toMatchObject({ state: 'stale' });
    expect((await proxy.askAdmin('/api/status')).text).not.toContain(TOKEN_PREFIX);
    provider.goOn();
  });

  test('failing: with the code, the detail, and when it is tried again', async () => {
    const { proxy, clock } = await started((refusing) =>
      refusing.answerAlways({ status: 400, body: { error: 'invalid_client' } }),
    );
    await proxy.told(FAILED);
    clock.advance(1000);
    expect(await main(proxy)).toMatchObject({
      state: 'failing',
      failures: 1,
      failure: { code: 'token_refused', detail: expect.stringContaining('invalid_client'), retryInS: 29 },
    });
  });

  test('a failed renewal is told beside a token that is still good', async () => {
    const { provider, proxy, clock } = await started(() => {});
    await proxy.told(OBTAINED);
    await proxy.call('/api/x');
    provider.answerAlways({ status: 503, headers: { 'retry-after': '7' } });
    clock.advance(3_595_000);
    await proxy.told(FAILED);
    expect(await main(proxy)).toMatchObject({
      state: 'stale',
      ...{ refreshes: 1, failures: 1, failure: { code: 'token_unavailable', retryInS: 7 } },
    });
    clock.advance(5000);
    expect(await main(proxy)).toMatchObject({ state: 'failing' });
  });

  test('one that nobody uses rests', async () => {
    const { proxy, clock, provider } = await started((short) => {
      short.expiresIn = 100;
    });
    await proxy.told(OBTAINED);
    // The renewal that falls due on the way is the last one: when the next does, three lifetimes have passed.
    clock.advance(3_600_000);
    await proxy.told(OBTAINED, 2);
    expect(await main(proxy)).toMatchObject({ state: 'fresh' });
    clock.advance(100_000);
    expect(await main(proxy)).toMatchObject({ state: 'resting', failure: null });
    expect(provider.requests).toHaveLength(2);
  });

  test('one that is given does not expire', async () => {
    const proxy = await startProxy({
      credentials: { given: { type: 'static', token: `${TOKEN_PREFIX}given`, required: false } },
      routes: [{ prefix: '/a', upstream: 'http://127.0.0.1:9', credential: 'given' }],
    });
    await proxy.told(OBTAINED);
    expect(await main(proxy)).toMatchObject({
      ...{ name: 'given', type: 'static', required: false, state: 'fresh', lifetimeS: null, expiresAt: null },
    });
  });

  async function started(prepare: (provider: IdentityProvider) => void) {
    const provider = await startIdentityProvider();
    prepare(provider);
    const clock = new MovedClock();
    const proxy = await startProxy(oneRoute(await startApi(provider), provider), { clock, random: steady });
    return { provider, proxy, clock };
  }
});

test('the last hundred requests are told as the log tells them, the newest first', async () => {
  const { proxy } = await start();
  const client = await connectRaw(proxy.port);
  for (let i = 0; i < 105; i += 1) client.send(`GET /nowhere/${i}?secret=${i} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await proxy.served(105);
  await proxy.call('/api/last');
  const { requests } = await statusOf(proxy);
  expect(requests).toHaveLength(100);
  expect(requests.map(({ path }) => path)).toEqual([
    '/api/last',
    ...Array.from({ length: 99 }, (_, i) => `/nowhere/${104 - i}`),
  ]);
  const logged = proxy.requests.toReversed().slice(0, 100);
  expect(requests).toEqual(logged.map(({ msg: _, ...line }) => line));
});

test('the config in force is told without a secret', async () => {
  const provider = await startIdentityProvider();
  const proxy = await startProxy({
    listen: { clientToken: 'canary-client-token-9' },
    credentials: {
      main: credentialFor(provider, { request: { headers: { 'X-Key': CLIENT_SECRET.slice(0, 13) } } }),
    },
    routes: [{ prefix: '/a', upstream: 'http://127.0.0.1:9', headers: { set: { 'X-Api-Key': 'canary-token-x' } } }],
  });
  const { config } = await statusOf(proxy);
  expect(config).toMatchObject({
    listen: { host: '127.0.0.1', clientToken: '[secret]' },
    limits: { inFlight: 1024, replayMemory: 67_108_864 },
    credentials: {
      main: { clientId: 'canary-client', clientSecret: '[secret]', request: { headers: { 'X-Key': '[hidden]' } } },
    },
    routes: [{ prefix: '/a', headers: { set: { 'X-Api-Key': '[hidden]' } } }],
  });
});
