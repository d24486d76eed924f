import { expect, test } from 'vitest';
import { startApi, whenWhole } from '../support/api.ts';
import { connectRaw, type RawConnection } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, oneRoute, startProxy } from '../support/proxy.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

test('C06 more than limits.inFlight at once: the rest is turned away at once, and the API hears nothing of it', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const proxy = await startProxy({ ...oneRoute(api, provider), limits: { inFlight: 3 } });
  await proxy.call('/api/first');
  const answers: (() => void)[] = [];
  const arrived = Promise.withResolvers<void>();
  api.behave(
    whenWhole((_, response) => {
      answers.push(() => response.end('late'));
      if (answers.length === 3) arrived.resolve();
    }),
  );
  const three = [1, 2, 3].map((i) => proxy.call(`/api/${i}`));
  await arrived.promise;

  const turnedAway = await Promise.all([4, 5, 6].map((i) => proxy.call(`/api/${i}`)));
  for (const reply of turnedAway) {
    expect(reply.json()).toMatchObject({ status: 503, code: 'overloaded' });
    expect(reply.headers['retry-after']).toBe('1');
  }
  expect((await proxy.askAdmin('/healthz')).status).toBe(200);
  expect(api.requests).toHaveLength(4);

  for (const answer of answers) answer();
  for (const reply of await Promise.all(three)) expect(reply.text).toBe('late');
  api.behave(undefined);
  expect((await proxy.call('/api/again')).status).toBe(200);
});

test('more than `connections` at once: the rest waits for a free one', async () => {
  const api = await startRawApi();
  const clock = new MovedClock();
  const proxy = await startProxy(
    { routes: [{ prefix: '/api', upstream: api.url, connections: 1, timeouts: { connect: '3s' } }] },
    { clock },
  );
  const first = proxy.call('/api/1');
  const connection = await api.connection();
  await connection.until(hasHead);
  const waits = clock.timerSet();
  const second = proxy.call('/api/2');
  await waits;
  clock.advance(2999);
  connection.send(OK);
  expect(await first).toMatchObject({ status: 200 });
  await connection.until((text) => text.includes('GET /2 '));
  clock.advance(10_000);
  connection.send(OK);
  expect(await second).toMatchObject({ status: 200 });
  expect(api.connections).toHaveLength(1);
});

test('who waits for a free connection longer than timeouts.connect is turned away, and the next one is not', async () => {
  const api = await startApi();
  const arrived = Promise.withResolvers<() => void>();
  api.behaveOnce(whenWhole((_, response) => arrived.resolve(() => response.end('late'))));
  const clock = new MovedClock();
  const proxy = await startProxy(
    { routes: [{ prefix: '/api', upstream: api.url, connections: 1, timeouts: { connect: '3s' } }] },
    { clock },
  );
  const first = proxy.call('/api/1');
  const answer = await arrived.promise;
  const waits = clock.timerSet();
  const second = proxy.call('/api/2');
  await waits;
  clock.advance(3000);
  const reply = await second;
  expect(reply.json()).toMatchObject({ status: 503, code: 'overloaded', source: 'proxy' });
  expect(reply.headers['retry-after']).toBe('1');
  const third = proxy.call('/api/3');
  answer();
  expect(await first).toMatchObject({ status: 200, text: 'late' });
  expect(await third).toMatchObject({ status: 200 });
  expect(api.requests.map(({ url }) => url)).toEqual(['/1', '/3']);
});

test('C07 an API that hangs holds up no other route, however many ask it: of those who wait, too many are turned away at once', async () => {
  const WAITING = 256;
  const hanging = await startRawApi();
  const healthy = await startApi();
  const proxy = await startProxy({
    log: { level: 'info' },
    limits: { inFlight: 2 * (WAITING + 10) },
    routes: [
      { prefix: '/hangs', upstream: hanging.url, connections: 2 },
      { prefix: '/fine', upstream: healthy.url },
    ],
  });
  const ask = async () => {
    const client = await connectRaw(proxy.port);
    client.send('GET /hangs HTTP/1.1\r\nHost: localhost\r\n\r\n');
    return client;
  };
  const clients = await Promise.all(Array.from({ length: 2 + WAITING }, ask));
  for (const n of [1, 2]) await (await hanging.connection(n)).until(hasHead);
  const replies = await Promise.all([1, 2, 3].map(() => proxy.call('/hangs')));
  for (const reply of replies) {
    expect(reply.json()).toMatchObject({
      status: 503,
      code: 'overloaded',
      detail: expect.stringMatching(/wait for one/),
    });
    expect(reply.headers['retry-after']).toBe('1');
  }
  expect((await proxy.call('/fine/x')).status).toBe(200);
  expect(clients.map(({ received }) => received).join('')).toBe('');

  // As soon as one of them has a connection, there is room for another to wait.
  const first = await hanging.connection();
  first.send(OK);
  await first.until((received) => received.split('GET /').length === 3);
  (await ask()).socket.destroy();
  const served = await proxy.served(replies.length + 3);
  expect(served.at(-1)).toMatchObject({ route: '/hangs', error: 'client_left' });
});

const busy = (detail: RegExp) => ({ status: 503, code: 'overloaded', detail: expect.stringMatching(detail) });

test('C07 nor does one that several routes lead to: half of limits.inFlight at most waits for its answers', async () => {
  const hanging = await startRawApi();
  const healthy = await startApi();
  const proxy = await startProxy({
    limits: { inFlight: 6 },
    routes: [
      { prefix: '/hangs', upstream: hanging.url },
      { prefix: '/too', upstream: `${hanging.url}/base` },
      { prefix: '/fine', upstream: healthy.url },
    ],
  });
  const clients: RawConnection[] = [];
  for (const [n, prefix] of ['hangs', 'too', 'too'].entries()) {
    const client = await connectRaw(proxy.port);
    client.send(`GET /${prefix} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    clients.push(client);
    await (await hanging.connection(n + 1)).until(hasHead);
  }
  for (const prefix of ['/hangs', '/too']) {
    const reply = await proxy.call(prefix);
    expect(reply.json()).toMatchObject(busy(/wait for an answer of this API/));
    expect(reply.headers['retry-after']).toBe('1');
  }
  expect((await proxy.call('/fine/x')).status).toBe(200);

  // What has begun to come is not waited for.
  (await hanging.connection(2)).send('HTTP/1.1 200 OK\r\n\r\nbegun');
  await clients[1]?.until((text) => text.endsWith('begun\r\n'));
  const next = proxy.call('/hangs');
  await (await hanging.connection(4)).until(hasHead);
  expect((await proxy.call('/too')).status).toBe(503);
  // Nor is what nobody wants any more.
  clients[0]?.socket.destroy();
  await (await hanging.connection(1)).toEnd();
  const last = proxy.call('/too');
  for (const n of [4, 5]) (await hanging.connection(n)).send(OK);
  expect((await Promise.all([next, last])).map(({ status }) => status)).toEqual([200, 200]);
});

test('where there is one upstream alone, all of limits.inFlight is for it', async () => {
  const hanging = await startRawApi();
  const proxy = await startProxy({
    limits: { inFlight: 2 },
    routes: ['/a', '/b'].map((prefix) => ({ prefix, upstream: hanging.url })),
  });
  const replies = ['/a', '/b'].map((prefix) => proxy.call(prefix));
  for (const n of [1, 2]) await (await hanging.connection(n)).until(hasHead);
  expect((await proxy.call('/a')).json()).toMatchObject(busy(/are under way/));
  for (const n of [1, 2]) (await hanging.connection(n)).send(OK);
  expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([200, 200]);
});

test('a token endpoint that hangs holds up no route of another credential: half of limits.inFlight at most waits for tokens', async () => {
  const [provider, hanging] = [await startIdentityProvider(), await startRawApi()];
  const api = await startApi(provider);
  const config = {
    credentials: {
      main: credentialFor(provider),
      hangs: { ...credentialFor(provider), tokenUrl: `${hanging.url}/token` },
    },
    routes: [
      { prefix: '/fine', upstream: api.url, credential: 'main' },
      { prefix: '/hangs', upstream: api.url, credential: 'hangs' },
    ],
  };
  const proxy = await startProxy(config);
  await proxy.told(/token obtained/);
  // That of a reload holds for routes that it leaves as they are.
  await proxy.reload({ ...config, limits: { inFlight: 4 } });
  const token = await hanging.connection();
  await token.until(hasHead);
  const replies = [1, 2, 3, 4].map(() => proxy.call('/hangs/x'));
  for (const { error, reason } of await proxy.served(2))
    expect({ error, reason }).toEqual({ error: 'overloaded', reason: 'too many requests wait for tokens' });
  expect((await proxy.call('/fine/x')).status).toBe(200);
  const body = JSON.stringify({ access_token: 'canary-token-late', expires_in: 60 });
  token.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  const statuses = (await Promise.all(replies)).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual([401, 401, 503, 503]);
});
