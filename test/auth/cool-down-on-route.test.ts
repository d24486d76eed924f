import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';

async function begin() {
  const provider = await startIdentityProvider();
  provider.expiresIn = 80_000;
  const api = await startApi(provider);
  const clock = new MovedClock();
  const proxy = await startProxy(oneRoute(api, provider), { clock });
  expect((await proxy.call('/api/first')).status).toBe(200);
  const retryOf = async (path = '/api/x') => {
    const { status, headers } = await proxy.call(path);
    return `${status} ${headers['bearerway-retry'] ?? '-'}`;
  };
  return { provider, api, clock, retryOf };
}

const COOLING = '401 skipped; reason=cooldown';

test('an API that refuses new tokens too is left with one renewal in 10 s, then 20 s, then 40 s', async () => {
  const { provider, api, clock, retryOf } = await begin();
  api.rejectAlways();
  let tokenRequests = 1;

  for (const ms of [10_000, 20_000, 40_000]) {
    expect(await retryOf()).toBe('401 done');
    tokenRequests += 1;
    for (let i = 0; i < 3; i++) expect(await retryOf()).toBe(COOLING);
    clock.advance(ms - 1);
    expect(await retryOf()).toBe(COOLING);
    clock.advance(1);
    expect(provider.requests).toHaveLength(tokenRequests);
  }
});

test('a request that is accepted ends it', async () => {
  const { provider, api, retryOf } = await begin();
  api.rejectAlways();
  expect(await retryOf()).toBe('401 done');
  expect(await retryOf()).toBe(COOLING);

  api.behave(undefined);
  expect(await retryOf()).toBe('200 -');
  provider.revoke();

  expect(await retryOf()).toBe('200 done');
});

test('a token’s age never starts it: one that was refused a moment after its issue is renewed', async () => {
  const { provider, retryOf } = await begin();
  for (let i = 0; i < 5; i++) {
    provider.revoke();
    expect(await retryOf()).toBe('200 done');
  }
  expect(provider.requests).toHaveLength(6);
});

test('one endpoint that always says 401 beside a healthy one: eleven token requests, then it waits', async () => {
  const { provider, api, clock, retryOf } = await begin();
  for (let useless = 1; useless <= 10; useless++) {
    api.rejectOnce();
    api.rejectOnce();
    expect(await retryOf('/api/broken')).toBe('401 done');
    expect(await retryOf('/api/healthy')).toBe('200 -');
    clock.advance(100);
  }
  for (let i = 0; i < 5; i++) {
    api.rejectOnce();
    expect(await retryOf('/api/broken')).toBe(COOLING);
    expect(await retryOf('/api/healthy')).toBe('200 -');
  }
  expect(provider.requests).toHaveLength(11);
});

test('a route cools down alone: another with the same credential is renewed for', async () => {
  const provider = await startIdentityProvider();
  const [broken, healthy] = [await startApi(provider), await startApi(provider)];
  const config = oneRoute(broken, provider);
  const routes = [
    { prefix: '/broken', upstream: broken.url, credential: 'main' },
    { prefix: '/healthy', upstream: healthy.url, credential: 'main' },
  ];
  const proxy = await startProxy({ ...config, routes }, { clock: new MovedClock() });
  broken.rejectAlways();
  await proxy.call('/broken/x');
  expect((await proxy.call('/broken/x')).headers['bearerway-retry']).toBe('skipped; reason=cooldown');
  provider.revoke();

  const reply = await proxy.call('/healthy/x');
  expect([reply.status, reply.headers['bearerway-retry']]).toEqual([200, 'done']);
  // What is refused with an older token is tried with the current one: that costs no token request.
  broken.behave(undefined);
  broken.rejectOnce();
  expect((await proxy.call('/broken/x')).status).toBe(401);
  expect(provider.requests).toHaveLength(3);
});

test('while it lasts, what is refused late with an older token is tried with the current one', async () => {
  const { provider, api, retryOf } = await begin();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<() => void>();
  api.behaveOnce((_, response) => arrive(() => response.writeHead(401).end()));
  const late = retryOf('/api/late');
  const refuse = await arrived;
  api.rejectAlways();
  expect(await retryOf()).toBe('401 done');
  expect(await retryOf()).toBe(COOLING);

  api.behave(undefined);
  refuse();
  expect(await late).toBe('200 done');
  expect(provider.requests).toHaveLength(2);
});
