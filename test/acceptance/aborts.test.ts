import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { connectRaw, type RawConnection } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';

const GET = 'GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n';

const leavings: Readonly<Record<string, (client: RawConnection) => void>> = {
  'closes its connection': ({ socket }) => socket.destroy(),
  'resets its connection': ({ socket }) => socket.resetAndDestroy(),
  'half-closes its connection': ({ socket }) => socket.end(),
};

async function start(behaviour?: Parameters<typeof startRawApi>[0]) {
  const api = await startRawApi(behaviour);
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  const client = await connectRaw(proxy.port);
  return { api, proxy, client };
}

test.each(Object.keys(leavings))(
  'C01, C02 a client that %s while it waits for an answer: the API is told',
  async (name) => {
    const { api, proxy, client } = await start();
    client.send(GET);
    const connection = await api.connection();
    await connection.until(hasHead);
    leavings[name]?.(client);
    await connection.toEnd();
    const [record] = await proxy.served(1);
    expect(record).toMatchObject({ status: 499, error: 'client_left', bytesOut: 0 });
  },
);

test.each(Object.keys(leavings))('a client that %s in the middle of its answer: the API is told', async (name) => {
  const { api, proxy, client } = await start(async (connection) => {
    await connection.until(hasHead);
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun');
  });
  client.send(GET);
  await client.until((text) => text.endsWith('begun'));
  leavings[name]?.(client);
  await (await api.connection()).toEnd();
  const [record] = await proxy.served(1);
  expect(record).toMatchObject({ status: 200, error: 'client_left', bytesOut: 5 });
});

test.each(Object.keys(leavings))(
  'a client that %s in the middle of an endless stream: the API is told',
  async (name) => {
    const { api, client } = await start(async (connection) => {
      await connection.until(hasHead);
      connection.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n');
    });
    client.send(GET);
    await client.until((text) => text.includes('data: 1'));
    leavings[name]?.(client);
    await (await api.connection()).toEnd();
  },
);

test.each([
  ['chunked', 'Transfer-Encoding: chunked', '5\r\nbegun\r\n'],
  ['of known length', 'Content-Length: 100', 'begun'],
])(
  'C01 a client that leaves in the middle of its upload: the API never sees it whole (%s)',
  async (_name, framing, part) => {
    for (const [index, leave] of Object.values(leavings).entries()) {
      const { api, proxy, client } = await start();
      client.send(`POST /api/${index} HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n${part}`);
      const connection = await api.connection();
      await connection.until((text) => text.includes('begun'));
      leave(client);
      await connection.toEnd();
      expect(connection.received).not.toContain('\r\n0\r\n');
      expect(await proxy.served(1)).toHaveLength(1);
    }
  },
);

test('a client that leaves with all of a small upload kept: the API is not asked', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const proxy = await startProxy(oneRoute(api, provider));
  const client = await connectRaw(proxy.port);
  client.send('POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345');
  client.socket.resetAndDestroy();
  const [record] = await proxy.served(1);
  expect(record).toMatchObject({ status: 499, error: 'client_left' });
  expect(api.requests).toHaveLength(0);
});

test.each(Object.keys(leavings))('a client that %s while it waits for a token: others get theirs', async (name) => {
  const provider = await startIdentityProvider();
  provider.goSlow();
  const api = await startApi(provider);
  const proxy = await startProxy(oneRoute(api, provider));
  const client = await connectRaw(proxy.port);
  client.send('GET /api/leaves HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await provider.requested(1);
  const others = Array.from({ length: 20 }, (_, i) => proxy.call(`/api/${i}`));
  leavings[name]?.(client);
  const [left] = await proxy.served(1);
  expect(left).toMatchObject({ path: '/api/leaves', status: 499, error: 'client_left' });
  provider.goOn();
  for (const { status } of await Promise.all(others)) expect(status).toBe(200);
  expect(provider.requests).toHaveLength(1);
  expect(api.requests.map(({ url }) => url)).not.toContain('/leaves');
});

test('R08 the client that started a token request leaves: no second try for it, and twenty others get the token', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const proxy = await startProxy(oneRoute(api, provider));
  await proxy.call('/api/first');
  provider.revoke();
  provider.goSlow();
  const client = await connectRaw(proxy.port);
  client.send('GET /api/leaves HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await provider.requested(2);
  const others = Array.from({ length: 20 }, (_, i) => proxy.call(`/api/${i}`));
  client.socket.destroy();
  await proxy.served(2);
  provider.goOn();
  for (const { status } of await Promise.all(others)) expect(status).toBe(200);
  expect(provider.requests).toHaveLength(2);
  expect(api.requests.filter(({ url }) => url === '/leaves')).toHaveLength(1);
});

test('two hundred clients that leave cost nothing afterwards: every place is free again', async () => {
  const api = await startRawApi();
  const limited = await startProxy({
    routes: [{ prefix: '/api', upstream: api.url, connections: 4 }],
    limits: { inFlight: 4 },
  });
  for (let round = 0; round < 50; round++) {
    const clients = await Promise.all(Array.from({ length: 4 }, () => connectRaw(limited.port)));
    for (const client of clients) client.send(GET);
    await Promise.all([1, 2, 3, 4].map(async (n) => (await api.connection(4 * round + n)).until(hasHead)));
    for (const client of clients) client.socket.destroy();
    await limited.served(4 * (round + 1));
  }
  expect(limited.requests.every(({ error }) => error === 'client_left')).toBe(true);
});
