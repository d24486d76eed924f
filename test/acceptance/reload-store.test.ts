/** Where tokens are shared, when the config does. */
import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, startProxy } from '../support/proxy.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { STORE_KEY } from '../support/store-keys.ts';

const OBTAINED = /token obtained/;
const storeAt = ({ url }: RedisServer) => ({ tokenStore: { redis: { url, encryptionKey: STORE_KEY } } });
const connectionsTo = async (redis: RedisServer): Promise<number> =>
  String(await redis.command('CLIENT', 'LIST')).match(/name=bearerway/g)?.length ?? 0;

async function start(more: Readonly<Record<string, unknown>> = {}) {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const config = {
    credentials: { main: credentialFor(provider) },
    routes: [{ prefix: '/api', upstream: api.url, credential: 'main' }],
  };
  const proxy = await startProxy({ ...config, ...more });
  await proxy.told(OBTAINED);
  return { provider, config, proxy };
}

describeWithRedis('a reload', () => {
  test('begins to share tokens, keeps its connection while that stays so, and ends it', async () => {
    const redis = await startRedis();
    const { provider, config, proxy } = await start();
    await proxy.reload({ ...config, ...storeAt(redis) });
    await proxy.told(/Redis is there/);
    expect((await proxy.call('/api/x')).status).toBe(200);
    expect([...(await redis.content()).keys()].filter((key) => key.endsWith(':token'))).toHaveLength(1);

    const id = await redis.command('CLIENT', 'LIST');
    await proxy.reload({ ...config, ...storeAt(redis), limits: { inFlight: 10 } });
    expect(await connectionsTo(redis)).toBe(1);
    expect(/id=(\d+).*name=bearerway/.exec(String(await redis.command('CLIENT', 'LIST')))?.[1]).toBe(
      /id=(\d+).*name=bearerway/.exec(String(id))?.[1],
    );
    expect(provider.requests).toHaveLength(2);

    await proxy.reload(config);
    while ((await connectionsTo(redis)) > 0);
    expect((await proxy.call('/api/x')).status).toBe(200);
  });

  test('adds a credential that shares its token over the connection that is there, and takes it away again', async () => {
    const redis = await startRedis();
    const { provider, config, proxy } = await start(storeAt(redis));
    const both = { ...config.credentials, other: credentialFor(provider, { scope: ['other'] }) };
    await proxy.reload({ ...config, ...storeAt(redis), credentials: both });
    await proxy.told(OBTAINED, 2);
    const keys = [...(await redis.content()).keys()].filter((key) => key.endsWith(':token'));
    expect(keys).toHaveLength(2);
    const heard = async (): Promise<number> => ((await redis.command('PUBSUB', 'CHANNELS')) as string[]).length;
    while ((await heard()) < 2);

    await proxy.reload({ ...config, ...storeAt(redis) });
    while ((await heard()) > 1);
    expect((await proxy.call('/api/x')).status).toBe(200);
    expect(provider.requests).toHaveLength(2);
  });
});
