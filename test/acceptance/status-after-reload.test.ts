import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { MovedClock } from '../support/clock.ts';
import { listen } from '../support/event-stream.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';
import { scrape } from '../support/scrape.ts';

async function start() {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const config = oneRoute(api, provider);
  const clock = new MovedClock();
  const proxy = await startProxy(config, { clock });
  await proxy.told(/token obtained/);
  const more = { ...config, routes: [...(config['routes'] as object[]), { prefix: '/more', upstream: api.url }] };
  return { proxy, clock, config, more };
}

test('the status tells of the config in force, counters go on, and who listens goes on listening', async () => {
  const { proxy, clock, more } = await start();
  const stream = await listen(proxy);
  await proxy.call('/api/x');
  await proxy.reload(more);
  await proxy.call('/more/x');
  clock.advance(1000);
  expect((await stream.until('request', 2)).map(({ route }) => route)).toEqual(['/api', '/more']);
  const [, status] = await stream.until('status', 2);
  expect(status?.['routes']).toMatchObject([
    { prefix: '/api', requests: 1 },
    { prefix: '/more', requests: 1 },
  ]);
  const whole = (await proxy.askAdmin('/api/status')).json();
  expect(whole['config']).toMatchObject({ routes: [{ prefix: '/api' }, { prefix: '/more' }] });
  expect(whole['credentials']).toMatchObject([{ name: 'main', state: 'fresh', refreshes: 1 }]);
  const read = await scrape(proxy);
  expect(read.sum('bearerway_requests_total')).toBe(2);
  expect(read.value('bearerway_token_requests_total', { credential: 'main', outcome: 'ok' })).toBe(1);
});

test('an admin port that moves takes what was seen with it', async () => {
  const { proxy, config } = await start();
  await proxy.call('/api/x');
  await proxy.reload({ ...config, admin: { port: 0, allowedHosts: ['ops.internal'] } });
  expect((await proxy.askAdmin('/api/status', { headers: { host: 'ops.internal' } })).json()).toMatchObject({
    ...{ listen: proxy.app.bound.addresses, routes: [{ requests: 1 }], requests: [{ path: '/api/x' }] },
  });
});

test('a change that could not be taken over is told, and counted', async () => {
  const { proxy, clock } = await start();
  expect((await proxy.askAdmin('/api/status')).json()['reload']).toBeNull();
  proxy.app.reloads.failed('proxy.yaml:1:1 routes: is empty');
  const at = new Date(clock.wallMs()).toISOString();
  const reload = { at, ok: false, error: 'proxy.yaml:1:1 routes: is empty', failures: 1 };
  expect((await proxy.askAdmin('/api/status')).json()['reload']).toEqual(reload);
  expect((await scrape(proxy)).value('bearerway_config_reload_failures_total')).toBe(1);
  proxy.app.reloads.succeeded();
  expect((await proxy.askAdmin('/api/status')).json()['reload']).toEqual({ at, ok: true, error: null, failures: 1 });
});
