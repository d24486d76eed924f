/** Which answers refuse a token, and what their answer says of it, for requests and for handshakes. */
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startApi, whenWhole } from '../support/api.ts';
import { connectRaw } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, oneRoute, startProxy } from '../support/proxy.ts';
import { hasHead } from '../support/raw-api.ts';
import { startWebSocketApi } from '../support/websocket-api.ts';

const DISABLED = 'skipped; reason=disabled';

/** `retry.statuses`, the status of the first answer, what `Bearerway-Retry` says. */
const table: readonly (readonly [statuses: number[] | undefined, status: number, told: string | undefined])[] = [
  [undefined, 401, 'done'],
  [undefined, 403, undefined],
  [undefined, 407, undefined],
  [[401, 419], 401, 'done'],
  [[401, 419], 419, 'done'],
  [[401, 419], 403, undefined],
  [[403], 403, 'done'],
  [[403], 401, DISABLED],
  [[403], 419, undefined],
  [[], 401, DISABLED],
  [[], 403, undefined],
];

test.each(table)('retry.statuses %j, and the API answers %i: Bearerway-Retry is %s', async (statuses, status, told) => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const proxy = await startProxy(oneRoute(api, provider, statuses === undefined ? {} : { retry: { statuses } }));
  await proxy.call('/api/first');
  api.behaveOnce(whenWhole((_, response) => response.writeHead(status, { 'x-first': 'yes' }).end('first')));
  const reply = await proxy.call('/api/x', { method: 'POST', body: 'payload' });
  expect(reply.headers['bearerway-retry']).toBe(told);
  expect(reply.status).toBe(told === 'done' ? 200 : status);
  const tries = api.requests.slice(1);
  expect(tries.map(({ bodyLength }) => bodyLength)).toEqual(told === 'done' ? [7, 7] : [7]);
  expect(provider.requests).toHaveLength(told === 'done' ? 2 : 1);
  if (told !== 'done') expect(reply).toMatchObject({ text: 'first', headers: { 'x-first': 'yes' } });
});

test('whichever of them the second answer is, it is the answer', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const proxy = await startProxy(oneRoute(api, provider, { retry: { statuses: [401, 419] } }));
  for (const status of [401, 419]) api.behaveOnce(whenWhole((_, response) => response.writeHead(status).end()));
  const reply = await proxy.call('/api/x');
  expect([reply.status, reply.headers['bearerway-retry']]).toEqual([419, 'done']);
  expect(api.requests).toHaveLength(2);
});

test('too little scope is not mended by a new token, whatever the status', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const proxy = await startProxy(oneRoute(api, provider, { retry: { statuses: [401, 403] } }));
  const challenge = { 'www-authenticate': 'Bearer error="insufficient_scope"' };
  api.behaveOnce(whenWhole((_, response) => response.writeHead(403, challenge).end()));
  const reply = await proxy.call('/api/x');
  expect([reply.status, reply.headers['bearerway-retry']]).toEqual([403, 'skipped; reason=insufficient-scope']);
});

describe('where nothing is ever sent again, nothing is kept for it: a body is streamed as it comes', () => {
  test.each([
    ['retry.statuses is empty', { retry: { statuses: [] } }],
    ['there is no credential', { credential: undefined }],
  ])('%s', async (_why, route) => {
    const provider = await startIdentityProvider();
    const api = await startApi();
    const proxy = await startProxy({ ...oneRoute(api, provider, route), limits: { replayMemory: '1B' } });
    const client = await connectRaw(proxy.port);
    client.send('PUT /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\none');
    await api.received(3);
    client.send('two');
    expect(await client.until(hasHead)).toMatch(/^HTTP\/1\.1 200 /);
  });
});

test("without a credential a 401 is the API's own, and nothing is said of a second try", async () => {
  const api = await startApi();
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  api.rejectOnce();
  const reply = await proxy.call('/api/x');
  expect(reply).toMatchObject({ status: 401, text: 'who are you?' });
  expect(reply.headers).not.toHaveProperty('bearerway-retry');
});

test('each route has its own retry.maxBody, and the replay memory is for all of them: exhausted by one, free again after', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const route = { upstream: api.url, credential: 'main' };
  const proxy = await startProxy({
    credentials: { main: credentialFor(provider) },
    limits: { replayMemory: '1000B' },
    routes: [
      { ...route, prefix: '/small', retry: { maxBody: '10B' } },
      { ...route, prefix: '/large', retry: { maxBody: '900B' } },
    ],
  });
  await proxy.call('/small/first');
  const post = async (path: string, length: number, asStream = false) => {
    provider.revoke();
    const body = Buffer.alloc(length, 'x');
    const reply = await proxy.call(path, { method: 'POST', body: asStream ? [body] : body });
    // What was too large to be sent again has a new token renewed for the next one.
    while ((await proxy.call(path)).status !== 200);
    return reply.headers['bearerway-retry'];
  };
  for (const asStream of [false, true]) {
    expect(await post('/small/x', 10, asStream)).toBe('done');
    expect(await post('/small/x', 11, asStream)).toBe('skipped; reason=body-too-large');
    expect(await post('/large/x', 11, asStream)).toBe('done');
    expect(await post('/large/x', 900, asStream)).toBe('done');
    expect(await post('/large/x', 901, asStream)).toBe('skipped; reason=body-too-large');
  }
  const arrived = Promise.withResolvers<() => void>();
  api.behaveOnce(whenWhole((_, response) => arrived.resolve(() => response.end())));
  const holds = proxy.call('/large/holds', { method: 'POST', body: Buffer.alloc(900, 'x') });
  const answer = await arrived.promise;
  expect(await post('/large/x', 900)).toBe('skipped; reason=body-too-large');
  expect(await post('/small/x', 10)).toBe('done');
  answer();
  expect((await holds).status).toBe(200);
  expect(await post('/large/x', 900)).toBe('done');
});

describe('a handshake', () => {
  const NO = (status: number, ...fields: readonly string[]) =>
    `HTTP/1.1 ${[`${status} No`, 'Content-Length: 2', ...fields].join('\r\n')}\r\n\r\nno`;

  async function scene(retry: object = {}) {
    const provider = await startIdentityProvider();
    const api = await startWebSocketApi(provider);
    const proxy = await startProxy(oneRoute(api, provider, { retry }), { clock: new MovedClock() });
    await provider.requested(1);
    const shake = async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/api/socket`).on('error', () => {});
      const [response] = await Promise.race([
        once(socket, 'upgrade'),
        once(socket, 'unexpected-response').then(([, refusal]) => [refusal]),
      ]);
      socket.terminate();
      return [response.statusCode, response.headers['bearerway-retry']];
    };
    return { provider, api, shake };
  }

  test('that is taken says nothing of a second try', async () => {
    expect(await (await scene()).shake()).toEqual([101, undefined]);
  });

  test.each([
    ['of too little scope', {}, 401, ['WWW-Authenticate: Bearer error="insufficient_scope"'], 'insufficient-scope'],
    ['with a status that is not named', { statuses: [403] }, 401, [], 'disabled'],
    ['where nothing is sent again', { statuses: [] }, 401, [], 'disabled'],
  ])('that is refused %s is answered with that', async (_why, retry, status, fields, reason) => {
    const { api, shake, provider } = await scene(retry);
    api.refuseOnce(NO(status, ...fields));
    expect(await shake()).toEqual([status, `skipped; reason=${reason}`]);
    expect([api.handshakes.length, provider.requests.length]).toEqual([1, 1]);
  });

  test('that is refused with another status that is named is sent once more', async () => {
    const { api, shake, provider } = await scene({ statuses: [403] });
    api.refuseOnce(NO(403));
    expect(await shake()).toEqual([101, 'done']);
    expect([api.handshakes.length, provider.requests.length]).toEqual([2, 2]);
  });

  test('that is refused twice is answered with the second, and cools the route down', async () => {
    const { api, shake, provider } = await scene();
    for (let i = 0; i < 3; i += 1) api.refuseOnce(NO(401));
    expect(await shake()).toEqual([401, 'done']);
    expect(await shake()).toEqual([401, 'skipped; reason=cooldown']);
    expect([api.handshakes.length, provider.requests.length]).toEqual([3, 2]);
  });

  test("that is refused while no new token can be had is answered with the API's own 401", async () => {
    const { api, shake, provider } = await scene();
    api.refuseOnce(NO(401));
    provider.answerOnce({ status: 503 });
    expect(await shake()).toEqual([401, 'skipped; reason=token-unavailable']);
    expect(await shake()).toEqual([101, undefined]);
  });
});
