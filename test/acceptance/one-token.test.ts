import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';

test('a thousand requests cost one token request', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const proxy = await startProxy(oneRoute(api, provider));
  for (let batch = 0; batch < 10; batch++) {
    const replies = await Promise.all(Array.from({ length: 100 }, () => proxy.call('/api/x')));
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 200));
  }
  expect(provider.requests).toHaveLength(1);
  expect(api.requests).toHaveLength(1000);
});

test('R03 500 requests at once with a revoked token: one token request; none for a refusal that comes behind it', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const proxy = await startProxy(oneRoute(api, provider));
  await proxy.call('/api/first');
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<() => void>();
  api.behaveOnce((_, response) => arrive(() => response.writeHead(401).end()));
  const late = proxy.call('/api/late');
  const refuse = await arrived;
  provider.revoke();

  const replies = await Promise.all(Array.from({ length: 500 }, (_, i) => proxy.call(`/api/${i}`)));
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(500);
  expect(provider.requests).toHaveLength(2);

  refuse();
  expect((await late).status).toBe(200);
  expect(provider.requests).toHaveLength(2);
});
