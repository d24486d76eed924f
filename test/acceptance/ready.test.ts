import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, oneRoute, startProxy } from '../support/proxy.ts';

const FAILED = /no token could be had/;
const OBTAINED = /token obtained/;

test('it starts and is alive while the token endpoint hangs, and is ready when the first token has come', async () => {
  const provider = await startIdentityProvider();
  provider.goSlow();
  const proxy = await startProxy(oneRoute(await startApi(provider), provider));
  await provider.requested(1);

  expect((await proxy.askAdmin('/healthz')).status).toBe(200);
  const waiting = await proxy.askAdmin('/readyz');
  expect(waiting.status).toBe(503);
  expect(waiting.text).toContain('credential main');

  provider.goOn();
  await proxy.told(OBTAINED);
  expect((await proxy.askAdmin('/readyz')).status).toBe(200);
  expect(provider.requests).toHaveLength(1);
});

test('it starts while the token endpoint is down, says why it is not ready, and becomes ready by itself', async () => {
  const provider = await startIdentityProvider();
  provider.answerAlways({ status: 503 });
  const clock = new MovedClock();
  const proxy = await startProxy(oneRoute(await startApi(provider), provider), { clock });
  await proxy.told(FAILED);

  expect((await proxy.askAdmin('/healthz')).status).toBe(200);
  const down = await proxy.askAdmin('/readyz');
  expect(down.status).toBe(503);
  expect(down.text).toMatch(/credential main.*token_unavailable.*503/);
  expect((await proxy.call('/api/x')).status).toBe(503);

  provider.answerAlways(undefined);
  clock.advance(500);
  await proxy.told(OBTAINED);
  expect((await proxy.askAdmin('/readyz')).status).toBe(200);
  expect((await proxy.call('/api/x')).status).toBe(200);
});

test('a wrong secret: not ready, the reason names the error and nothing of the secret', async () => {
  const provider = await startIdentityProvider();
  provider.answerAlways({ status: 401, body: { error: 'invalid_client' } });
  const proxy = await startProxy(oneRoute(await startApi(provider), provider));
  await proxy.told(FAILED);

  const refused = await proxy.askAdmin('/readyz');
  expect(refused.status).toBe(503);
  expect(refused.text).toMatch(/credential main.*token_refused.*invalid_client/);
});

test('required: false leaves a credential out', async () => {
  const [down, healthy] = [await startIdentityProvider(), await startIdentityProvider()];
  down.answerAlways({ status: 503 });
  const api = await startApi();
  const proxy = await startProxy({
    credentials: { optional: credentialFor(down, { required: false }), main: credentialFor(healthy) },
    routes: [
      { prefix: '/a', upstream: api.url, credential: 'optional' },
      { prefix: '/b', upstream: api.url, credential: 'main' },
    ],
  });
  await proxy.told(FAILED);
  await proxy.told(OBTAINED);

  expect((await proxy.askAdmin('/readyz')).status).toBe(200);
});

test('all required credentials must be well; each that is not is named', async () => {
  const [one, two] = [await startIdentityProvider(), await startIdentityProvider()];
  for (const provider of [one, two]) provider.answerAlways({ status: 500 });
  const api = await startApi();
  const clock = new MovedClock();
  const proxy = await startProxy(
    {
      credentials: { first: credentialFor(one), second: credentialFor(two) },
      routes: [{ prefix: '/', upstream: api.url, credential: 'first' }],
    },
    { clock },
  );
  await Promise.all(['/a', '/b'].map((path) => proxy.call(path)));
  expect(await proxy.askAdmin('/readyz')).toMatchObject({
    status: 503,
    text: expect.stringMatching(/credential first.*credential second/),
  });

  one.answerAlways(undefined);
  clock.advance(500);
  await proxy.told(OBTAINED);
  expect(await proxy.askAdmin('/readyz')).toMatchObject({
    status: 503,
    text: expect.not.stringContaining('credential first'),
  });
});

test('a renewal that fails makes it not ready only when the token has expired', async () => {
  const provider = await startIdentityProvider();
  const clock = new MovedClock();
  const proxy = await startProxy(oneRoute(await startApi(provider), provider), { clock });
  await proxy.call('/api/x');
  provider.answerAlways({ status: 503 });
  clock.advance(3_599_000);
  await proxy.told(FAILED);
  expect((await proxy.askAdmin('/readyz')).status).toBe(200);
  expect((await proxy.call('/api/x')).status).toBe(200);

  clock.advance(1000);
  expect((await proxy.askAdmin('/readyz')).status).toBe(503);
});

test('a credential that rests is ready, and gets a token when it is asked for one', async () => {
  const provider = await startIdentityProvider();
  const clock = new MovedClock();
  const proxy = await startProxy(oneRoute(await startApi(provider), provider), { clock });
  await proxy.call('/api/x');
  // Nobody asked for it in all this time: the renewal that falls due finds it unused for three lifetimes.
  clock.advance(3_500_000);
  clock.advance(100 * 3_600_000);
  await proxy.told(OBTAINED);

  expect((await proxy.askAdmin('/readyz')).status).toBe(200);
  expect((await proxy.call('/api/x')).status).toBe(200);
});

test('without any credential it is ready at once', async () => {
  const api = await startApi();
  const proxy = await startProxy({ routes: [{ prefix: '/', upstream: api.url }] });

  expect((await proxy.askAdmin('/readyz')).status).toBe(200);
});

test('from the shutdown on it is not ready, though it is alive and finishes what is under way', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const proxy = await startProxy({ ...oneRoute(api, provider), shutdown: { timeout: '20s' } });
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<() => void>();
  api.behaveOnce((_, response) => arrive(() => response.end('late')));
  const call = proxy.call('/api/slow');
  const answerNow = await arrived;

  const stopped = proxy.app.stop();
  const [ready, alive] = await Promise.all([proxy.askAdmin('/readyz'), proxy.askAdmin('/healthz')]);
  answerNow();
  expect(ready.status).toBe(503);
  expect(alive.status).toBe(200);
  expect((await call).text).toBe('late');
  await stopped;
});
