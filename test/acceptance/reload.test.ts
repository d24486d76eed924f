/** What becomes of requests when the config does. */
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startApi, whenWhole } from '../support/api.ts';
import { connectRaw } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';
import { openSocket, startWebSocketApi } from '../support/websocket-api.ts';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

/** A proxy with a request under way on `/api`, which the API has not answered. */
async function underWay(more: Readonly<Record<string, unknown>> = {}) {
  const api = await startApi();
  const config = { routes: [{ prefix: '/api', upstream: api.url }], ...more };
  const clock = new MovedClock();
  const proxy = await startProxy(config, { clock });
  const arrived = Promise.withResolvers<() => void>();
  api.behaveOnce(whenWhole((_, response) => arrived.resolve(() => response.end('finished'))));
  const reply = proxy.call('/api/slow');
  return { api, clock, config, proxy, reply, answer: await arrived.promise };
}

test('the next request goes by the new config, on the same connection', async () => {
  const [before, after] = [await startApi(), await startApi()];
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: before.url }] });
  const client = await connectRaw(proxy.port);
  client.send(get('/api/1'));
  await client.until((text) => text.includes('"bodyLength"'));

  await proxy.reload({
    routes: [
      { prefix: '/api', upstream: after.url },
      { prefix: '/new', upstream: before.url },
    ],
  });

  client.send(get('/api/2'));
  await client.until((text) => text.split('"bodyLength"').length === 3);
  expect((await proxy.call('/new/3')).status).toBe(200);
  expect(before.requests.map(({ url }) => url)).toEqual(['/1', '/3']);
  expect(after.requests.map(({ url }) => url)).toEqual(['/2']);
  await proxy.reload({ routes: [{ prefix: '/new', upstream: before.url }] });
  expect((await proxy.call('/api/4')).json()['code']).toBe('no_route');
});

test('a request under way is finished by the config that it began with, though its route has gone', async () => {
  const { api, proxy, reply, answer } = await underWay();
  await proxy.reload({ routes: [{ prefix: '/other', upstream: api.url }] });
  expect((await proxy.call('/api/x')).status).toBe(404);
  answer();
  expect(await reply).toMatchObject({ status: 200, text: 'finished' });
});

test('a stream and a WebSocket go on over many reloads', async () => {
  const provider = await startIdentityProvider();
  const sockets = await startWebSocketApi(provider);
  const api = await startApi();
  let more: (text: string) => void = () => {};
  api.behaveOnce((_, response) => {
    more = (text) => void response.write(text);
    more('begun');
  });
  const { credentials } = oneRoute(sockets, provider);
  const proxy = await startProxy({
    credentials,
    routes: [
      { prefix: '/ws', upstream: sockets.url, credential: 'main' },
      { prefix: '/api', upstream: api.url },
    ],
  });
  const stream = await connectRaw(proxy.port);
  stream.send(get('/api/stream'));
  await stream.until((text) => text.includes('begun'));
  const socket = await openSocket(`ws://127.0.0.1:${proxy.port}/ws/x`);

  for (const prefix of ['/a', '/b', '/c']) await proxy.reload({ routes: [{ prefix, upstream: api.url }] });

  more('and still there');
  await stream.until((text) => text.includes('and still there'));
  const echoed = once(socket, 'message');
  socket.send('hello');
  expect(String((await echoed)[0])).toBe('hello');
});

test('what is under way by an old config is cut at shutdown.timeout like all else', async () => {
  const { api, clock, proxy, reply } = await underWay();
  reply.catch(() => {});
  await proxy.reload({ routes: [{ prefix: '/other', upstream: api.url }], shutdown: { timeout: '5s' } });
  const stopped = proxy.stop();
  clock.advance(5000);
  await expect(reply).rejects.toThrow();
  await stopped;
  expect(proxy.requests.at(-1)).toMatchObject({ error: 'shut_down' });
});

test('limits.inFlight counts what is under way by the old config, too', async () => {
  const { config, proxy, reply, answer } = await underWay();
  await proxy.reload({ ...config, limits: { inFlight: 1 } });
  expect((await proxy.call('/api/x')).json()['code']).toBe('overloaded');
  answer();
  await reply;
  expect((await proxy.call('/api/x')).status).toBe(200);
});

test('limits of an open listener hold for the next request, also one on a connection that is there', async () => {
  const api = await startApi();
  const config = { routes: [{ prefix: '/api', upstream: api.url }] };
  const proxy = await startProxy(config);
  const client = await connectRaw(proxy.port);
  const request = get(`/api/${'x'.repeat(200)}`);
  client.send(request);
  await client.until((text) => text.includes('"bodyLength"'));
  await proxy.reload({ ...config, limits: { targetSize: '100B' } });
  client.send(request);
  expect(await client.toEnd()).toContain('uri_too_long');
});

test('a bigger replay memory is there for the next upload', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const config = oneRoute(api, provider);
  const proxy = await startProxy({ ...config, limits: { replayMemory: '1B' } });
  const outcome = async (): Promise<unknown> => {
    api.rejectOnce();
    return (await proxy.call('/api/x', { method: 'POST', body: 'more than one byte' })).headers['bearerway-retry'];
  };
  expect(await outcome()).toBe('skipped; reason=body-too-large');
  await proxy.reload({ ...config, limits: { replayMemory: '64KiB' } });
  expect(await outcome()).toBe('done');
});

test('connections to the API of a route that did not change are used on; those of one that did are closed', async () => {
  const [kept, changed] = [await startApi(), await startApi()];
  const [keptPorts, changedPorts] = [new Set<number>(), new Set<number>()];
  const closed = Promise.withResolvers<void>();
  kept.behave((request, response) => {
    keptPorts.add(request.socket.remotePort ?? 0);
    response.end();
  });
  changed.behave((request, response) => {
    changedPorts.add(request.socket.remotePort ?? 0);
    request.socket.on('close', () => closed.resolve());
    response.end();
  });
  const routesWith = (connections: number) => ({
    routes: [
      { prefix: '/kept', upstream: kept.url },
      { prefix: '/changed', upstream: changed.url, connections },
    ],
  });
  // On a clock that stands still no connection is closed for being idle.
  const proxy = await startProxy(routesWith(5), { clock: new MovedClock() });
  const arrived = Promise.withResolvers<() => void>();
  changed.behaveOnce(whenWhole((_, response) => arrived.resolve(() => response.end('finished'))));
  const reply = proxy.call('/changed/slow');
  const answer = await arrived.promise;
  for (const path of ['/kept/1', '/changed/1']) await proxy.call(path);
  await proxy.reload(routesWith(6));
  // Though one is still in use.
  await closed.promise;
  answer();
  expect((await reply).text).toBe('finished');
  for (const path of ['/kept/2', '/changed/2']) await proxy.call(path);
  expect([keptPorts.size, changedPorts.size]).toEqual([1, 2]);
});

test('reloads that come at once are done one after the other, and the last one holds', async () => {
  const api = await startApi();
  const prefixes = ['/a', '/b', '/c'];
  const proxy = await startProxy({ routes: [{ prefix: '/0', upstream: api.url }] });
  await Promise.all(prefixes.map((prefix) => proxy.reload({ routes: [{ prefix, upstream: api.url }] })));
  const statuses = await Promise.all(['/0', ...prefixes].map(async (prefix) => (await proxy.call(prefix)).status));
  expect(statuses).toEqual([404, 404, 404, 200]);
});

test('while it shuts down it is not reloaded any more', async () => {
  const { config, proxy, reply, answer } = await underWay({ shutdown: { timeout: '20s' } });
  const stopped = proxy.stop();
  await expect(proxy.reload({ ...config, limits: { inFlight: 7 } })).rejects.toThrow('shutting down');
  answer();
  await reply;
  await stopped;
});
