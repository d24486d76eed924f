/** A rotating refresh token is neither lost nor shown a second time, whatever becomes of the config or the proxy. */
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { settled } from '../auth/source.ts';
import { folder } from '../cli/command.ts';
import { startApi } from '../support/api.ts';
import { CLIENT_ID } from '../support/canary.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { type Proxy as RunningProxy, startProxy } from '../support/proxy.ts';

type Spelt = Readonly<Record<string, unknown>>;

/** A token endpoint that rotates, a refresh token in a file, and configs of credentials that use it. */
async function begin({ failing = false } = {}) {
  const place = await folder();
  const file = join(place, 'refresh-token');
  await writeFile(file, 'canary-refresh-0');
  const [provider, api] = [await startIdentityProvider(), await startApi()];
  if (failing) provider.answerOnce({ status: 503 });
  for (const number of [1, 2])
    provider.answerOnce({
      body: { access_token: `canary-token-${number}`, expires_in: 3600, refresh_token: `canary-refresh-${number}` },
    });
  const credential = (more: Spelt = {}) => ({
    type: 'refresh_token',
    tokenUrl: provider.url,
    clientId: CLIENT_ID,
    clientAuth: 'none',
    refreshTokenFile: file,
    ...more,
  });
  const configOf = (credentials: Spelt) => ({
    credentials,
    routes: [
      { prefix: '/bare', upstream: api.url },
      ...Object.keys(credentials).map((name) => ({ prefix: `/${name}`, upstream: api.url, credential: name })),
    ],
  });
  const shown = () => provider.requests.map(({ body }) => new URLSearchParams(body).get('refresh_token'));
  const kept = async () => (await readFile(file, 'utf8')).trim();
  return { place, file, provider, credential, configOf, shown, kept };
}

test.each<[string, (proxy: RunningProxy, without: Spelt) => Promise<void>]>([
  ['the proxy stops', (proxy) => proxy.stop()],
  ['a reload takes its credential out', (proxy, without) => proxy.reload(without)],
  [
    'a reload takes its credential out, and the proxy stops',
    (proxy, without) => proxy.reload(without).then(() => proxy.stop()),
  ],
])('what a token request under way brings is kept when %s', async (_, end) => {
  const { provider, credential, configOf, shown, kept } = await begin();
  provider.goSlow();
  const proxy = await startProxy(configOf({ main: credential() }));
  await provider.requested(1);
  const ended = end(proxy, configOf({}));
  // Whoever would cut it has had the time to.
  await settled();
  provider.goOn();
  await ended;
  await proxy.stop();
  expect(await kept()).toBe('canary-refresh-1');
  expect(shown()).toEqual(['canary-refresh-0']);
});

test('a credential that a reload changed shows what came for the one before, when that has come', async () => {
  const { provider, credential, configOf, shown, kept } = await begin();
  provider.goSlow();
  const proxy = await startProxy(configOf({ main: credential() }));
  await provider.requested(1);
  await proxy.reload(configOf({ main: credential({ scope: 'orders' }) }));
  // Whoever would ask beside it has had the time to.
  expect((await proxy.call('/bare/x')).status).toBe(200);
  provider.goOn();
  expect((await proxy.call('/main/x')).status).toBe(200);
  expect(shown()).toEqual(['canary-refresh-0', 'canary-refresh-1']);
  expect(await kept()).toBe('canary-refresh-2');
});

test('two credentials with one file, by whatever names, spend each refresh token once', async () => {
  const { place, file, credential, configOf, shown, kept } = await begin();
  const link = join(place, 'link');
  await symlink(file, link);
  const proxy = await startProxy(configOf({ one: credential(), two: credential({ refreshTokenFile: link }) }));
  for (const path of ['/one/x', '/two/x']) expect((await proxy.call(path)).status).toBe(200);
  expect(shown()).toEqual(['canary-refresh-0', 'canary-refresh-1']);
  expect(await kept()).toBe('canary-refresh-2');
});

test('one that fails lets the other have it', async () => {
  const { credential, configOf, shown, kept } = await begin({ failing: true });
  const proxy = await startProxy(configOf({ one: credential(), two: credential() }), { clock: new MovedClock() });
  await proxy.told(/no token could be had/);
  await proxy.told(/token obtained/);
  expect(shown()).toEqual(['canary-refresh-0', 'canary-refresh-0']);
  expect(await kept()).toBe('canary-refresh-1');
});
