/** What the admin port shows of several processes is what all of them did. */
import { expect, test, vi } from 'vitest';
import { type Crewed, startCrewed } from '../support/crew.ts';
import { listenAt } from '../support/event-stream.ts';
import { parsed } from '../support/scrape.ts';

// Each starts several processes.
vi.setConfig({ testTimeout: 60_000 });

const requestsIn = async (crewed: Crewed) =>
  (await parsed(await crewed.seen('/metrics'))).sum('bearerway_requests_total');

test('metrics are those of all workers, also of those that were killed or ended with their config', async () => {
  const crewed = await startCrewed();
  await crewed.calls(9);
  await crewed.told('request', 9);
  expect(await requestsIn(crewed)).toBe(9);
  const [pid = 0] = await crewed.served(2);
  process.kill(pid, 'SIGKILL');
  await crewed.served(3);
  expect(await requestsIn(crewed)).toBe(9);
  const { replies, answer } = await crewed.held(5);
  await crewed.reload({ limits: { inFlight: 500 } });
  await crewed.calls(4);
  answer();
  await Promise.all(replies);
  await crewed.told('request', 18);
  await crewed.told('a worker has ended', 3);
  expect(await requestsIn(crewed)).toBe(18);
});

test('requests under way are counted in all workers', async () => {
  const crewed = await startCrewed();
  const { replies, answer } = await crewed.held(5);
  const scrape = await parsed(await crewed.seen('/metrics'));
  expect(scrape.value('bearerway_in_flight_requests')).toBe(5);
  expect(scrape.value('bearerway_token_requests_total', { credential: 'main', outcome: 'ok' })).toBe(1);
  answer();
  await Promise.all(replies);
});

test('the status has the figures of all workers, and the latest requests of each', async () => {
  const crewed = await startCrewed();
  await crewed.calls(8);
  await crewed.told('request', 8);
  const { routes, requests, credentials, config } = JSON.parse(await crewed.seen('/api/status'));
  expect(routes).toMatchObject([{ prefix: '/api', requests: 8, errors: 0, p50Ms: expect.any(Number) }]);
  expect(routes[0].perSecond).toHaveLength(60);
  expect(routes[0].perSecond.reduce((sum: number, second: { requests: number }) => sum + second.requests, 0)).toBe(8);
  const logged = (await crewed.told('request', 8)).map(({ requestId }) => requestId);
  expect(requests.map(({ requestId }: { requestId: string }) => requestId).toSorted()).toEqual(logged.toSorted());
  expect(credentials).toMatchObject([{ name: 'main', state: 'fresh', refreshes: 1 }]);
  expect(config).not.toHaveProperty('source');
});

test('who listens hears of requests in all workers as they end', async () => {
  const crewed = await startCrewed();
  const stream = await listenAt(Number(new URL(crewed.admin).port));
  await crewed.calls(6);
  const told = await stream.until('request', 6);
  const logged = (await crewed.told('request', 6)).map(({ requestId }) => requestId);
  expect(told.map(({ requestId }) => requestId).toSorted()).toEqual(logged.toSorted());
});

test('a token that was asked for at the admin port is used by all workers from then on', async () => {
  const crewed = await startCrewed();
  const { provider, api, admin } = crewed;
  const answer = await fetch(`${admin}/api/credentials/main/refresh`, { method: 'POST' });
  expect(await answer.json()).toMatchObject({ state: 'fresh', refreshes: 2 });
  await crewed.calls(6);
  expect(new Set(api.requests.map(({ headers }) => headers.authorization))).toEqual(
    new Set([`Bearer ${provider.issued[1]}`]),
  );
});
