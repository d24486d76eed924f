import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folder } from '../cli/command.ts';
import { startApi } from '../support/api.ts';
import { CLIENT_TOKEN, TOKEN_PREFIX } from '../support/canary.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, oneRoute, startProxy } from '../support/proxy.ts';
import { setStage } from '../support/stage.ts';

const REFRESH = '/api/credentials/main/refresh';
const post = { method: 'POST' };
const OBTAINED = /token obtained/;
const FAILED = /no token could be had/;

test('a new token is in use when it is answered, though the one before was good', async () => {
  const { proxy, provider, api } = await setStage();
  await proxy.told(OBTAINED);
  const reply = await proxy.askAdmin(REFRESH, post);
  expect(reply.status).toBe(200);
  expect(reply.json()).toMatchObject({ name: 'main', state: 'fresh', refreshes: 2, failure: null });
  await proxy.call('/api/x');
  expect(api.requests.at(-1)?.headers.authorization).toBe(`Bearer ${provider.issued[1]}`);
  expect(provider.issued).toHaveLength(2);
});

test('many at once, and the requests that wait, make one token request', async () => {
  const provider = await startIdentityProvider();
  provider.goSlow();
  const proxy = await startProxy(oneRoute(await startApi(provider), provider));
  await provider.requested(1);
  const all = [1, 2, 3].map(() => proxy.askAdmin(REFRESH, post));
  const call = proxy.call('/api/x');
  // They have all arrived when one that came behind them is answered.
  await proxy.askAdmin('/healthz');
  provider.goOn();
  expect((await Promise.all(all)).map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await call).status).toBe(200);
  expect(provider.requests).toHaveLength(1);
});

test.each([
  [{ status: 401, body: { error: 'invalid_client' } }, 502, 'token_refused'],
  [{ status: 503 }, 503, 'token_unavailable'],
  [{ body: 'no JSON' }, 502, 'token_invalid'],
])('it goes past a backoff, and answers with the failure: %j', async (answer, status, code) => {
  const provider = await startIdentityProvider();
  provider.answerAlways(answer);
  const clock = new MovedClock();
  const proxy = await startProxy(oneRoute(await startApi(provider), provider), { clock });
  await proxy.told(FAILED);
  expect((await proxy.call('/api/x')).status).toBe(status);
  expect(provider.requests).toHaveLength(1);

  const reply = await proxy.askAdmin(REFRESH, post);
  expect(reply.status).toBe(status);
  expect(reply.json()).toMatchObject({ code, source: 'identity_provider' });
  expect(reply.headers['retry-after']).toMatch(/^\d+$/);
  expect(provider.requests).toHaveLength(2);

  provider.answerAlways(undefined);
  expect((await proxy.askAdmin(REFRESH, post)).status).toBe(200);
  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(provider.requests).toHaveLength(3);
});

test('one that fails leaves the good token in use', async () => {
  const { proxy, provider } = await setStage();
  await proxy.told(OBTAINED);
  provider.answerAlways({ status: 500 });
  expect((await proxy.askAdmin(REFRESH, post)).status).toBe(503);
  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(provider.issued).toHaveLength(1);
});

test('one that reads its token from a file reads it again', async () => {
  const file = join(await folder(), 'token');
  await writeFile(file, `${TOKEN_PREFIX}one`);
  const api = await startApi();
  const clock = new MovedClock();
  const config = {
    credentials: { main: { type: 'file', path: file } },
    routes: [{ prefix: '/api', upstream: api.url, credential: 'main' }],
  };
  const proxy = await startProxy(config, { clock });
  await proxy.told(OBTAINED);
  await writeFile(file, `${TOKEN_PREFIX}two`);
  expect((await proxy.askAdmin(REFRESH, post)).status).toBe(200);
  await proxy.call('/api/x');
  expect(api.requests.at(-1)?.headers.authorization).toBe(`Bearer ${TOKEN_PREFIX}two`);
});

test('a name may be spelt in any way', async () => {
  const provider = await startIdentityProvider();
  const proxy = await startProxy({
    credentials: { 'a/b é': credentialFor(provider) },
    routes: [{ prefix: '/api', upstream: 'http://127.0.0.1:9', credential: 'a/b é' }],
  });
  await proxy.told(OBTAINED);
  const reply = await proxy.askAdmin(`/api/credentials/${encodeURIComponent('a/b é')}/refresh`, post);
  expect(reply.status).toBe(200);
  expect(reply.json()['name']).toBe('a/b é');
});

describe('no token request is made', () => {
  test.each([
    ['for a name that nobody configured', '/api/credentials/other/refresh', post, 404],
    ['for a part of the object that all objects have', '/api/credentials/constructor/refresh', post, 404],
    ['for no name', '/api/credentials//refresh', post, 404],
    ['for a name that cannot be decoded', '/api/credentials/%ff/refresh', post, 404],
    ['by a GET, which a link would make', REFRESH, {}, 405],
    ['by a form of another site', REFRESH, form({ origin: 'https://evil.test' }), 403],
    ['by a form that hides where it is from', REFRESH, form({ origin: 'null' }), 403],
    ['by a form of another port of this host', REFRESH, form({ origin: 'http://127.0.0.1:8080' }), 403],
    ['by what the browser says is of another site', REFRESH, form({ 'sec-fetch-site': 'cross-site' }), 403],
    ['by what the browser says is of the same site', REFRESH, form({ 'sec-fetch-site': 'same-site' }), 403],
    ['by a name that was made to point here', REFRESH, form({ host: 'evil.test', origin: 'http://evil.test' }), 421],
  ])('%s', async (_, path, options, status) => {
    const { proxy, provider } = await setStage();
    await proxy.told(OBTAINED);
    expect((await proxy.askAdmin(path, options)).status).toBe(status);
    expect(provider.requests).toHaveLength(1);
  });

  test('without the client token', async () => {
    const provider = await startIdentityProvider();
    const config = { ...oneRoute(await startApi(provider), provider), admin: { port: 0, clientToken: CLIENT_TOKEN } };
    const proxy = await startProxy(config);
    await proxy.told(OBTAINED);
    expect((await proxy.askAdmin(REFRESH, post)).status).toBe(407);
    expect(provider.requests).toHaveLength(1);
    const headers = { 'bearerway-client-token': CLIENT_TOKEN };
    expect((await proxy.askAdmin(REFRESH, { ...post, headers })).status).toBe(200);
  });
});

/** What a page can make a browser send without asking first. */
function form(headers: Readonly<Record<string, string>>) {
  return { ...post, body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } };
}
