import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import type { RefreshTokenKeeper } from '../../../src/auth/rotation.ts';
import { type SharedOptions, SharedStore } from '../../../src/auth/store/shared-store.ts';
import { fixedSecret, Secret } from '../../../src/secret.ts';
import { startApi } from '../../support/api.ts';
import { CLIENT_ID } from '../../support/canary.ts';
import { MovedClock } from '../../support/clock.ts';
import { startIdentityProvider } from '../../support/identity-provider.ts';
import { startProxy } from '../../support/proxy.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis-server.ts';
import { OTHER_STORE_KEY, STORE_KEY } from '../../support/store-keys.ts';

const FIRST = 'canary-refresh-0';
const usual = {
  type: 'refresh_token',
  tokenUrl: 'https://id.example.com/token',
  clientId: CLIENT_ID,
  request: { timeout: 10_000 },
};

type Given = Partial<SharedOptions> & {
  readonly scope?: readonly string[];
  readonly encryptionKey?: string;
  readonly clock?: MovedClock;
};

/** A machine's way to the refresh token, which began as `given`. */
async function keeperOf(
  redis: RedisServer,
  given = FIRST,
  { encryptionKey = STORE_KEY, clock = new MovedClock(), ...more }: Given = {},
): Promise<RefreshTokenKeeper> {
  const nobody = { username: undefined, password: undefined };
  const store = await SharedStore.open(
    {
      url: { host: '127.0.0.1', port: redis.port, tls: false, database: 0, ...nobody },
      prefix: 'test:',
      encryptionKey: fixedSecret(encryptionKey),
      required: false,
    },
    { clock, random: () => 0, newId: randomUUID },
  );
  const place = await store.place({ ...usual, ...more });
  const up = new Promise<void>((resolve) => store.listen(() => resolve()));
  store.start();
  onTestFinished(() => store.close());
  await up;
  if (place === undefined) throw new Error('a kind with token requests has a place');
  return place.keepRefreshToken(fixedSecret(given));
}

async function shown(keeper: RefreshTokenKeeper): Promise<string> {
  return (await keeper.read()).reveal();
}

function successor(number: number): Secret {
  return new Secret(`canary-refresh-${number}`);
}

describeWithRedis('a refresh token that machines share', () => {
  test('it begins with the one of the config, and then is the one that was kept last, for all', async () => {
    const redis = await startRedis();
    const [a, b] = [await keeperOf(redis), await keeperOf(redis)];
    expect([await shown(a), await shown(b)]).toEqual([FIRST, FIRST]);
    await a.replace(new Secret(FIRST), successor(1));
    expect([await shown(a), await shown(b)]).toEqual(['canary-refresh-1', 'canary-refresh-1']);
    await b.replace(successor(1), successor(2));
    expect(await shown(a)).toBe('canary-refresh-2');
    expect(await shown(await keeperOf(redis))).toBe('canary-refresh-2');
  });

  test('one that was spent before another was kept does not take its place', async () => {
    const redis = await startRedis();
    const [a, b] = [await keeperOf(redis), await keeperOf(redis)];
    await a.read();
    await b.read();
    await a.replace(new Secret(FIRST), successor(1));
    await b.replace(new Secret(FIRST), successor(9));
    expect(await shown(b)).toBe('canary-refresh-1');
  });

  test('another one in the config begins anew', async () => {
    const redis = await startRedis();
    const a = await keeperOf(redis);
    await a.read();
    await a.replace(new Secret(FIRST), successor(1));
    expect(await shown(await keeperOf(redis, 'canary-refresh-of-a-new-login'))).toBe('canary-refresh-of-a-new-login');
    expect(await shown(a)).toBe('canary-refresh-1');
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['scope', { scope: ['orders'] }],
    ['lifetime', { lifetime: { refreshBefore: 30_000 } }],
    ['answer', { response: { accessToken: ['id_token'] } }],
    ['token request', { request: { timeout: 5000, params: { tenant: 'x' } } }],
  ])('whatever becomes of its %s, it is the one that was kept last', async (_, more) => {
    const redis = await startRedis();
    const a = await keeperOf(redis);
    await a.read();
    await a.replace(new Secret(FIRST), successor(1));
    expect(await shown(await keeperOf(redis, FIRST, more))).toBe('canary-refresh-1');
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['token endpoint', { tokenUrl: 'https://other.example.com/token' }],
    ['issuer', { tokenUrl: undefined, issuer: 'https://id.example.com' }],
    ['client', { clientId: 'another' }],
  ])('of another %s it is another one', async (_, more) => {
    const redis = await startRedis();
    const a = await keeperOf(redis);
    await a.read();
    await a.replace(new Secret(FIRST), successor(1));
    expect(await shown(await keeperOf(redis, FIRST, more))).toBe(FIRST);
  });

  test("it is one machine's until its token request ends, though that of another has another scope", async () => {
    const redis = await startRedis();
    const clock = new MovedClock();
    const [a, b] = [await keeperOf(redis), await keeperOf(redis, FIRST, { scope: ['orders'], clock })];
    const never = new AbortController().signal;
    const release = await a.reserve(never);
    const looksAgain = clock.timerSet(100);
    const reserved = b.reserve(never);
    await looksAgain;
    await a.replace(new Secret(FIRST), successor(1));
    await release();
    clock.advance(100);
    const releaseOther = await reserved;
    expect(await shown(b)).toBe('canary-refresh-1');
    await releaseOther();
  });

  test("while Redis is away it is nobody's", async () => {
    const redis = await startRedis();
    const a = await keeperOf(redis);
    await redis.stop();
    await expect(a.reserve(new AbortController().signal)).rejects.toThrow('Redis is away');
  });

  test('Redis keeps it for good, and shows nothing of it', async () => {
    const redis = await startRedis();
    const a = await keeperOf(redis);
    await a.read();
    await a.replace(new Secret(FIRST), successor(1));
    for (const [key, value] of await redis.content()) {
      expect(await redis.command('PTTL', key)).toBe(-1);
      for (const text of [key, value, Buffer.from(value, 'base64').toString('latin1')])
        expect(text).not.toContain('canary');
    }
  });

  test('while Redis is away there is none, and none can be kept', async () => {
    const redis = await startRedis();
    const a = await keeperOf(redis);
    await a.read();
    await redis.stop();
    await expect(a.replace(new Secret(FIRST), successor(1))).rejects.toThrow();
    await expect(a.read()).rejects.toThrow('Redis is away');
  });

  test('one that cannot be opened is told, and its spent predecessor not shown', async () => {
    const redis = await startRedis();
    const a = await keeperOf(redis);
    await a.read();
    await a.replace(new Secret(FIRST), successor(1));
    const [key = ''] = (await redis.content()).keys();
    await redis.command('SETRANGE', key, '0', 'AAAA');
    await expect(a.read()).rejects.toThrow('cannot be read');
    await expect(a.replace(successor(1), successor(2))).rejects.toThrow('cannot be read');
  });

  test('with another encryption key there is another place: nothing is mixed up', async () => {
    const redis = await startRedis();
    const a = await keeperOf(redis);
    await a.read();
    await a.replace(new Secret(FIRST), successor(1));
    expect(await shown(await keeperOf(redis, FIRST, { encryptionKey: OTHER_STORE_KEY }))).toBe(FIRST);
  });

  test('two proxies spend each refresh token once, and need no file for it', async () => {
    const [redis, provider, api] = [await startRedis(), await startIdentityProvider(), await startApi()];
    for (let number = 1; number <= 6; number += 1)
      provider.answerOnce({
        body: { access_token: `canary-token-${number}`, expires_in: 3600, refresh_token: `canary-refresh-${number}` },
      });
    const main = {
      type: 'refresh_token',
      tokenUrl: provider.url,
      clientId: CLIENT_ID,
      clientAuth: 'none',
      refreshToken: FIRST,
    };
    const config = {
      credentials: { main },
      routes: [{ prefix: '/api', upstream: api.url, credential: 'main' }],
      tokenStore: { redis: { url: redis.url, encryptionKey: STORE_KEY } },
    };
    const proxies = [await startProxy(config), await startProxy(config)];
    for (const proxy of proxies) await proxy.told(/token obtained/);
    for (let number = 2; number <= 6; number += 1) {
      api.rejectOnce();
      expect((await proxies[number % 2]?.call('/api/x'))?.status).toBe(200);
      for (const proxy of proxies) await proxy.told(/token obtained/, number);
    }
    const spent = provider.requests.map(({ body }) => new URLSearchParams(body).get('refresh_token'));
    expect(spent).toEqual([0, 1, 2, 3, 4, 5].map((number) => `canary-refresh-${number}`));
  });
});
