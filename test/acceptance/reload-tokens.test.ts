/** What becomes of tokens when the config does. */
import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folder } from '../cli/command.ts';
import { type Api, startApi, whenWhole } from '../support/api.ts';
import { CLIENT_SECRET } from '../support/canary.ts';
import { MovedClock } from '../support/clock.ts';
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, startProxy, steady } from '../support/proxy.ts';

const OTHER_SECRET = `${CLIENT_SECRET}-2`;
const OBTAINED = /token obtained/;

/** The route `/api`, with the credential `main`. */
function configOf(api: Api, provider: IdentityProvider, more: Readonly<Record<string, unknown>> = {}) {
  return {
    credentials: { main: credentialFor(provider, more) },
    routes: [{ prefix: '/api', upstream: api.url, credential: 'main' }],
  };
}

async function start(more: Readonly<Record<string, unknown>> = {}) {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const clock = new MovedClock();
  const config = configOf(api, provider, more);
  const proxy = await startProxy(config, { clock });
  return { provider, api, clock, config, proxy };
}

/** The token on the newest request. */
const sent = (api: Api): string => String(api.requests.at(-1)?.headers.authorization).slice('Bearer '.length);

test('the token of a credential that did not change is kept, whatever else does', async () => {
  const { provider, api, config, proxy } = await start();
  await proxy.told(OBTAINED);
  await proxy.reload({
    ...config,
    credentials: { ...config.credentials, other: credentialFor(provider, { required: false }) },
    routes: [{ prefix: '/renamed', upstream: api.url, credential: 'main' }],
    limits: { inFlight: 10 },
  });
  await proxy.told(OBTAINED, 2);
  expect((await proxy.call('/renamed/x')).status).toBe(200);
  expect(sent(api)).toBe(provider.issued[0]);
  expect(provider.requests).toHaveLength(2);
});

test('a token request under way is kept, and answers who waits for it before and after', async () => {
  const { provider, config, proxy } = await start();
  await proxy.told(OBTAINED);
  provider.goSlow();
  provider.revoke();
  const before = proxy.call('/api/before');
  await provider.requested(2);
  await proxy.reload({ ...config, limits: { inFlight: 10 } });
  const after = proxy.call('/api/after');
  provider.goOn();
  expect([(await before).status, (await after).status]).toEqual([200, 200]);
  expect(provider.requests).toHaveLength(2);
});

test('back-off is kept: a reload is no reason to ask again', async () => {
  const provider = await startIdentityProvider();
  provider.answerAlways({ status: 429, headers: { 'retry-after': '60' } });
  const config = configOf(await startApi(provider), provider);
  const proxy = await startProxy(config, { clock: new MovedClock(), random: steady });
  await proxy.told(/no token could be had/);
  await proxy.reload({ ...config, limits: { inFlight: 10 } });
  const reply = await proxy.call('/api/x');
  expect([reply.status, reply.headers['retry-after']]).toEqual([503, '60']);
  expect(provider.requests).toHaveLength(1);
});

test('the cool-down of a route that did not change is kept', async () => {
  const { provider, api, config, proxy } = await start();
  api.rejectAlways();
  expect((await proxy.call('/api/x')).headers['bearerway-retry']).toBe('done');
  await proxy.reload({ ...config, limits: { inFlight: 10 } });
  expect((await proxy.call('/api/x')).headers['bearerway-retry']).toBe('skipped; reason=cooldown');
  expect(provider.requests).toHaveLength(2);
});

test('of a credential that changed the old token is used until the new one is there', async () => {
  const { provider, api, config, proxy } = await start();
  await proxy.told(OBTAINED);
  provider.goSlow();
  const reloaded = proxy.reload(configOf(api, provider, { clientSecret: OTHER_SECRET }));
  await provider.requested(2);
  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(sent(api)).toBe(provider.issued[0]);
  provider.goOn();
  await reloaded;
  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(sent(api)).toBe(provider.issued[1]);
  expect(config.credentials.main['clientSecret']).toBe(CLIENT_SECRET);
});

test('a credential whose token endpoint refuses it takes nothing from one that has a token', async () => {
  const { provider, api, config, proxy } = await start();
  await proxy.told(OBTAINED);
  provider.answerAlways({ status: 401, body: { error: 'invalid_client' } });
  await expect(proxy.reload(configOf(api, provider, { clientSecret: OTHER_SECRET }))).rejects.toThrow(
    'credential main: token_refused: the token endpoint answered 401 invalid_client',
  );
  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(sent(api)).toBe(provider.issued[0]);
  // No other than before: what is asked for next is asked for with the old secret.
  await proxy.reload({ ...config, limits: { inFlight: 10 } });
  expect(provider.requests).toHaveLength(2);
});

test('a token endpoint that hangs holds a reload back for ten seconds, and not for longer', async () => {
  const { provider, api, clock, proxy } = await start({ request: { timeout: '1h' } });
  await proxy.told(OBTAINED);
  provider.goSlow();
  const changed = { clientSecret: OTHER_SECRET, request: { timeout: '1h' } };
  const reloaded = proxy.reload(configOf(api, provider, changed));
  await provider.requested(2);
  clock.advance(10_000);
  await reloaded;
  const reply = proxy.call('/api/x');
  provider.goOn();
  expect((await reply).status).toBe(200);
  expect(sent(api)).toBe(provider.issued[1]);
});

test('a late token of a credential as it was is not used by the one that has its name now', async () => {
  const { provider, api, proxy } = await start();
  await proxy.told(OBTAINED);
  // Under way by the old config: a request whose token is refused, and whose renewal hangs.
  provider.revoke();
  const old = await startIdentityProvider();
  provider.goSlow();
  const before = proxy.call('/api/before');
  await provider.requested(2);
  const other = await startApi(old);
  await proxy.reload(configOf(other, old));
  await proxy.told(OBTAINED, 2);
  expect((await proxy.call('/api/x')).status).toBe(200);
  provider.goOn();
  expect((await before).status).toBe(200);
  expect(sent(api)).toBe(provider.issued[1]);
  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(other.requests.map(({ headers }) => headers.authorization)).toEqual(
    Array.from({ length: 2 }, () => `Bearer ${old.issued[0]}`),
  );
});

test('a credential that is gone is not renewed any more, though a request by the old config goes on', async () => {
  const { provider, api, clock, config, proxy } = await start({ lifetime: { max: '30s' } });
  await proxy.told(OBTAINED);
  const arrived = Promise.withResolvers<() => void>();
  api.behaveOnce(whenWhole((_, response) => arrived.resolve(() => response.end())));
  const reply = proxy.call('/api/slow');
  const answer = await arrived.promise;
  await proxy.reload({ ...config, credentials: {}, routes: [{ prefix: '/other', upstream: api.url }] });
  clock.advance(40_000);
  answer();
  expect((await reply).status).toBe(200);
  expect(provider.requests).toHaveLength(1);
});

test('a secret file that cannot be read leaves all as it was', async () => {
  const { config, proxy } = await start();
  await proxy.told(OBTAINED);
  const file = join(await folder(), 'token');
  await writeFile(file, 'canary-client-token-9');
  const reloaded = proxy.reload({ ...config, listen: { clientTokenFile: file } });
  rmSync(file);
  await expect(reloaded).rejects.toThrow();
  expect((await proxy.call('/api/x')).status).toBe(200);
});
