import { expect, test } from 'vitest';
import { startApi, whenWhole } from '../support/api.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';

async function start(more: Readonly<Record<string, unknown>> = {}) {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const clock = new MovedClock();
  const proxy = await startProxy(oneRoute(api, provider, more), { clock });
  return { provider, api, proxy, clock };
}

const COOL_DOWN = 'skipped; reason=cooldown';
const SECOND = 1000;

/** An API with an endpoint that refuses every token, beside others that do not. */
async function startWithOneThatRefuses() {
  const started = await start();
  started.api.behave(
    whenWhole((request, response) => {
      response.writeHead(request.url === '/locked' ? 401 : 200).end();
    }),
  );
  return started;
}

test('when a second try is refused too, the route lets 401s pass for ten seconds', async () => {
  const { api, provider, proxy, clock } = await start();
  api.rejectAlways();
  expect((await proxy.call('/api/x')).headers['bearerway-retry']).toBe('done');

  clock.advance(9.9 * SECOND);
  const reply = await proxy.call('/api/x');
  expect(reply).toMatchObject({ status: 401, text: 'who are you?' });
  expect(reply.headers['bearerway-retry']).toBe(COOL_DOWN);
  expect(api.requests).toHaveLength(3);
  expect(provider.requests).toHaveLength(2);

  clock.advance(0.1 * SECOND);
  expect((await proxy.call('/api/x')).headers['bearerway-retry']).toBe('done');
  expect(provider.requests).toHaveLength(3);
});

test('T23 an identity provider that gives the refused token again: one second try, and the route lets 401s pass', async () => {
  const { api, provider, proxy } = await start();
  provider.answerAlways({ body: { access_token: 'canary-token-same', expires_in: 3600 } });
  api.rejectAlways();
  expect((await proxy.call('/api/x')).headers['bearerway-retry']).toBe('done');
  expect((await proxy.call('/api/x')).headers['bearerway-retry']).toBe(COOL_DOWN);

  expect([api.requests.length, provider.requests.length]).toEqual([3, 2]);
});

test('the pause doubles, up to five minutes', async () => {
  const { api, proxy, clock } = await start();
  api.rejectAlways();
  for (const pauseS of [10, 20, 40, 80, 160, 300, 300]) {
    expect((await proxy.call('/api/x')).headers['bearerway-retry']).toBe('done');
    clock.advance(pauseS * SECOND - 1);
    expect((await proxy.call('/api/x')).headers['bearerway-retry']).toBe(COOL_DOWN);
    clock.advance(1);
  }
});

test('an API that always refuses uploads too large to be kept costs few token requests', async () => {
  const { api, provider, proxy } = await start({ retry: { maxBody: '10B' } });
  api.rejectAlways();
  const outcomes = [];
  for (let i = 0; i < 20; i++) {
    const reply = await proxy.call('/api/x', { method: 'POST', body: 'x'.repeat(100) });
    outcomes.push(reply.headers['bearerway-retry']);
  }
  expect(outcomes[0]).toBe('skipped; reason=body-too-large');
  expect(new Set(outcomes.slice(1))).toEqual(new Set([COOL_DOWN]));
  expect(provider.requests).toHaveLength(2);
});

test('an accepted request ends the pause', async () => {
  const { provider, proxy } = await startWithOneThatRefuses();
  await proxy.call('/api/locked');
  expect((await proxy.call('/api/locked')).headers['bearerway-retry']).toBe(COOL_DOWN);
  expect((await proxy.call('/api/fine')).status).toBe(200);
  expect((await proxy.call('/api/locked')).headers['bearerway-retry']).toBe('done');
  expect(provider.requests).toHaveLength(3);
});

test('R13 one endpoint that always says 401 beside healthy ones costs few token requests', async () => {
  const { provider, proxy, clock } = await startWithOneThatRefuses();
  for (let i = 0; i < 100; i++) {
    await proxy.call('/api/locked');
    expect((await proxy.call('/api/fine')).status).toBe(200);
    clock.advance(500);
  }
  // The first one, and ten useless renewals until the pause lasts its whole time, and the few of the time thereafter.
  expect(provider.requests.length).toBeGreaterThan(10);
  expect(provider.requests.length).toBeLessThan(16);
});

test('R13 a storm of refused requests costs one renewal', async () => {
  const { api, provider, proxy } = await start();
  api.rejectAlways();
  const replies = await Promise.all(Array.from({ length: 200 }, () => proxy.call('/api/x')));
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([401]));
  expect(provider.requests).toHaveLength(2);
  expect((await proxy.call('/api/x')).headers['bearerway-retry']).toBe(COOL_DOWN);
  expect(provider.requests).toHaveLength(2);
});

test('while a route cools down, a request refused with an older token is still sent once more', async () => {
  const { api, provider, proxy } = await start();
  await proxy.call('/api/first');
  const arrived = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  api.behaveOnce((request, response) => {
    request.resume();
    arrived.resolve();
    void goOn.promise.then(() => response.writeHead(401).end());
  });
  const late = proxy.call('/api/late');
  await arrived.promise;
  api.rejectOnce();
  api.rejectOnce();
  expect((await proxy.call('/api/x')).status).toBe(401);
  goOn.resolve();
  expect(await late).toMatchObject({ status: 200 });
  expect(provider.requests).toHaveLength(2);
});

test("R12 when no new token can be had, the API's own 401 is the answer, and the refused token stays current", async () => {
  const { api, provider, proxy, clock } = await start();
  await proxy.call('/api/first');
  api.behaveOnce(
    whenWhole((_, response) => response.writeHead(401, 'Nope', { 'www-authenticate': 'Bearer x="y"' }).end('go away')),
  );
  provider.answerOnce({ status: 503, headers: { 'retry-after': '30' }, body: 'down' });

  const reply = await proxy.call('/api/x', { method: 'POST', body: 'payload' });

  expect(reply).toMatchObject({ status: 401, reason: 'Nope', text: 'go away' });
  expect(reply.headers['www-authenticate']).toBe('Bearer x="y"');
  expect(reply.headers['bearerway-retry']).toBe('skipped; reason=token-unavailable');
  expect(api.requests).toHaveLength(2);

  const next = await proxy.call('/api/x');
  expect(next.status).toBe(200);
  expect(api.requests.at(-1)?.headers.authorization).toBe(api.requests[0]?.headers.authorization);

  // While it backs off nobody is asked again, and the 401s come through at once.
  api.rejectOnce();
  const again = await proxy.call('/api/x');
  expect(again.headers['bearerway-retry']).toBe('skipped; reason=token-unavailable');
  expect(provider.requests).toHaveLength(2);

  // With the jitter on top.
  clock.advance(33 * SECOND);
  await provider.requested(3);
});

test('a refused body larger than 64 KiB is held unread until it is decided, and then comes whole', async () => {
  const { api, provider, proxy } = await start();
  await proxy.call('/api/first');
  const size = 32 * 1024 * 1024;
  const full = Promise.withResolvers<void>();
  let written = 0;
  api.behaveOnce(
    whenWhole((_, response) => {
      response.writeHead(401, { 'content-length': String(size) });
      const write = (): void => {
        while (written < size) {
          written += 65_536;
          if (!response.write(Buffer.alloc(65_536, 'x'))) break;
        }
        if (written >= size) response.end();
        else full.resolve();
      };
      response.on('drain', write);
      write();
    }),
  );
  provider.goSlow();
  provider.answerOnce({ status: 500 });
  const reply = proxy.call('/api/x');
  await Promise.all([full.promise, provider.requested(2)]);
  // Others on the way there and back: what could be read meanwhile has been.
  for (let i = 0; i < 20; i++) expect((await proxy.call('/api/y')).status).toBe(200);
  expect(written).toBeLessThan(size / 2);
  provider.goOn();

  expect((await reply).body.length).toBe(size);
  expect((await reply).headers['bearerway-retry']).toBe('skipped; reason=token-unavailable');
});

test('a large refused body is dropped when a new token is there', async () => {
  const { api, provider, proxy } = await start();
  const left = Promise.withResolvers<void>();
  api.behaveOnce(
    whenWhole((_, response) => {
      response.on('close', left.resolve);
      response.writeHead(401);
      response.write(Buffer.alloc(1_000_000));
    }),
  );
  expect((await proxy.call('/api/x')).status).toBe(200);
  await left.promise;
  expect(provider.requests).toHaveLength(2);
});

test('a pause is told of once, with the route and how long it is', async () => {
  const { api, proxy, clock } = await start();
  api.rejectAlways();
  await proxy.call('/api/x');
  await proxy.call('/api/x');
  clock.advance(10 * SECOND);
  await proxy.call('/api/x');
  const told = proxy.log.filter(({ msg }) => String(msg).startsWith('the API refuses new tokens, too'));
  expect(told).toMatchObject([
    { level: 'warn', route: '/api', credential: 'main', pauseS: 10 },
    { level: 'warn', route: '/api', credential: 'main', pauseS: 20 },
  ]);
});
