/** A token endpoint in trouble is let alone, and clients wait for nothing that will not come. */
import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { CLIENT_ID, CLIENT_SECRET } from '../support/canary.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy, steady } from '../support/proxy.ts';
import {
  answer,
  answering,
  jsonAnswer,
  type RecorderBehaviour,
  startTokenRecorder,
} from '../support/token-recorder.ts';

test('T15 429 with Retry-After: 3 under load: one token request in these 3 s, and every client is answered at once', async () => {
  const provider = await startIdentityProvider();
  provider.answerAlways({ status: 429, headers: { 'retry-after': '3' } });
  const clock = new MovedClock();
  const proxy = await startProxy(oneRoute(await startApi(provider), provider), { clock, random: steady });
  expect((await proxy.call('/api/first')).headers['retry-after']).toBe('3');
  // Whoever asked now would wait for ever, as the clock does.
  provider.goSlow();

  for (let ms = 0; ms < 3000; ms += 100) {
    const replies = await Promise.all(Array.from({ length: 20 }, () => proxy.call('/api/x')));
    for (const { status, headers } of replies)
      expect([status, headers['retry-after']]).toEqual([503, String(Math.ceil((3000 - ms) / 1000))]);
    expect(provider.requests).toHaveLength(1);
    clock.advance(100);
  }

  await provider.requested(2);
  provider.answerAlways(undefined);
  const waiting = Array.from({ length: 20 }, () => proxy.call('/api/x'));
  provider.goOn();
  for (const { status } of await Promise.all(waiting)) expect(status).toBe(200);
  expect(provider.requests).toHaveLength(2);
});

test.each<[string, RecorderBehaviour, number]>([
  ['answers 503', answering(answer(503, '')), 1],
  ['closes its connections', (socket) => socket.destroy(), 1],
  ['answers nothing at all', () => {}, 0],
  ['answers nonsense', answering(answer(200, '<html>')), 1],
])('T16 a token endpoint that %s for 20 s: no client notices while the token is valid', async (_, outage, lines) => {
  const [recorder, api, clock] = [await startTokenRecorder(), await startApi(), new MovedClock()];
  const main = { tokenUrl: recorder.url(), clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
  const routes = [{ prefix: '/api', upstream: api.url, credential: 'main' }];
  const proxy = await startProxy({ credentials: { main }, routes }, { clock });
  const expectServed = async (): Promise<void> => {
    const { status, headers } = await proxy.call('/api/x');
    expect([status, headers['bearerway-retry']]).toEqual([200, undefined]);
  };
  await expectServed();
  recorder.behaviour = outage;
  // It lives for an hour: to be renewed a minute before its end, or up to 12 s later.
  clock.advance(3_552_000);
  await recorder.requested(2);
  if (lines > 0) await proxy.told(/no token could be had/);

  for (let seconds = 0; seconds < 20; seconds++) {
    await expectServed();
    clock.advance(1000);
  }
  const troubles = proxy.log.filter(({ credential, level }) => credential === 'main' && level === 'warn');
  expect(troubles, 'a line for the change, none for each try').toHaveLength(lines);
  await expectServed();
});

test('when the outage is over the token is renewed without a request, and the log says so', async () => {
  const [recorder, api, clock] = [await startTokenRecorder(), await startApi(), new MovedClock()];
  const main = { tokenUrl: recorder.url(), clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
  const routes = [{ prefix: '/api', upstream: api.url, credential: 'main' }];
  recorder.behaviour = answering(answer(503, '', ['Retry-After: 20']));
  const proxy = await startProxy({ credentials: { main }, routes }, { clock, random: steady });
  await proxy.told(/no token could be had/);
  recorder.behaviour = answering(jsonAnswer({ access_token: 'canary-token-again' }));
  clock.advance(20_000);

  await proxy.told(/all is well again/);
  expect(recorder.requests).toHaveLength(2);
});
