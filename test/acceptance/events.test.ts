import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { expectNoCanary } from '../support/canary.ts';
import { connectRaw } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { listen } from '../support/event-stream.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';

const OBTAINED = /token obtained/;

async function start() {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const clock = new MovedClock();
  const proxy = await startProxy(oneRoute(api, provider), { clock });
  await proxy.told(OBTAINED);
  return { provider, api, clock, proxy };
}

test('the status comes at once and then every second, as /api/status has it but for what is large', async () => {
  const { proxy, clock } = await start();
  const stream = await listen(proxy);
  expect(stream.connection.received).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: text\/event-stream\r\n/);
  clock.advance(999);
  expect(stream.of('status')).toHaveLength(1);
  clock.advance(1);
  const [first, second] = await stream.until('status', 2);
  const { requests: _, config: __, ...whole } = (await proxy.askAdmin('/api/status')).json();
  expect(second).toEqual(whole);
  expect(first).toMatchObject({ uptimeS: Number(second?.['uptimeS']) - 1 });
  expectNoCanary(stream.connection.received, 'the events');
});

test('it comes as soon as a token is asked for or is there, at most every fiftieth of a second', async () => {
  const { proxy, clock, provider } = await start();
  const stream = await listen(proxy);
  provider.revoke();
  provider.goSlow();
  const call = proxy.call('/api/x');
  await provider.requested(2);
  clock.advance(0);
  const states = async (count: number) =>
    (await stream.until('status', count)).flatMap(({ credentials }) => credentials).slice(1);
  expect(await states(2)).toMatchObject([{ state: 'refused', renewing: true, refreshes: 1 }]);
  provider.goOn();
  expect((await call).status).toBe(200);
  clock.advance(50);
  // It was told at the end of those milliseconds.
  expect((await states(3)).slice(1)).toMatchObject([{ state: 'fresh', renewing: false, refreshes: 2, ageS: 0.1 }]);
});

test('a request is told when it is over, within a quarter of a second', async () => {
  const { proxy, clock } = await start();
  const stream = await listen(proxy);
  await proxy.call('/api/x?secret=1');
  await proxy.served(1);
  clock.advance(250);
  const [told] = await stream.until('request', 1);
  expect((await proxy.askAdmin('/api/status')).json()['requests']).toEqual([told]);
  expect(told).toMatchObject({ path: '/api/x', route: '/api', status: 200 });
});

test('of many at once some are told and the others counted', async () => {
  const { proxy, clock } = await start();
  const streams = [await listen(proxy), await listen(proxy)];
  const client = await connectRaw(proxy.port);
  const get = (i: number): string => `GET /nowhere/${i} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  client.send(Array.from({ length: 1000 }, (_, i) => get(i)).join(''));
  await proxy.served(1000);
  clock.advance(250);
  for (const stream of streams) {
    expect(await stream.until('skipped', 1)).toEqual([{ count: 975 }]);
    expect(stream.of('request').map(({ path }) => path)).toEqual(Array.from({ length: 25 }, (_, i) => `/nowhere/${i}`));
  }
  client.send(get(1000));
  await proxy.served(1001);
  clock.advance(250);
  expect((await streams[0]?.until('request', 26))?.at(-1)).toMatchObject({ path: '/nowhere/1000' });
  expect(streams[0]?.of('skipped')).toHaveLength(1);
});

test('sixteen may listen; one that has left makes room', async () => {
  const { proxy } = await start();
  const streams = await Promise.all(Array.from({ length: 16 }, () => listen(proxy)));
  const refused = await proxy.askAdmin('/api/events');
  expect(refused.status).toBe(503);
  expect(refused.json()).toMatchObject({ code: 'overloaded', detail: '16 listen already' });
  expect(refused.headers['retry-after']).toBe('5');
  streams[3]?.connection.socket.destroy();
  let reply = refused;
  while (reply.status !== 200) reply = await proxy.askAdmin('/api/events', { method: 'HEAD' });
  await listen(proxy);
});

test('they end with the proxy', async () => {
  const { proxy } = await start();
  const stream = await listen(proxy);
  const ended = stream.connection.toEnd();
  await proxy.stop();
  await ended;
});
