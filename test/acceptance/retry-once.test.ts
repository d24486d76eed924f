import { expect, test } from 'vitest';
import { startApi, whenWhole } from '../support/api.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';

async function start(more: Readonly<Record<string, unknown>> = {}, clock = new MovedClock()) {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const proxy = await startProxy(oneRoute(api, provider, more), { clock });
  return { provider, api, proxy, clock };
}

test('R01 a refused token is renewed once, and the request sent once more', async () => {
  const { provider, api, proxy } = await start();
  await proxy.call('/api/first');
  provider.revoke();

  const reply = await proxy.call('/api/second?q=1', { method: 'PATCH', body: 'payload' });

  expect(reply.status).toBe(200);
  expect(reply.headers['bearerway-retry']).toBe('done');
  expect(api.requests.map(({ headers }) => headers.authorization?.slice(-1))).toEqual(['1', '1', '2']);
  expect(api.requests[2]).toMatchObject({ method: 'PATCH', url: '/second?q=1', bodyLength: 7 });
  expect(api.requests[2]?.bodySha256).toBe(api.requests[1]?.bodySha256);
  expect(provider.requests).toHaveLength(2);
});

test('R11 a 401 that asks for a DPoP nonce is renewed like any other: there is no proof to be made anew', async () => {
  const { provider, api, proxy } = await start();
  api.behaveOnce(
    whenWhole((_, response) =>
      response.writeHead(401, { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n' }).end(),
    ),
  );
  const reply = await proxy.call('/api/x');
  expect([reply.status, reply.headers['bearerway-retry']]).toEqual([200, 'done']);
  expect(api.requests.map(({ headers }) => headers['dpop'])).toEqual([undefined, undefined]);
  expect(provider.requests).toHaveLength(2);
});

test('an answer that needed no second try says nothing of one', async () => {
  const { proxy } = await start();
  const reply = await proxy.call('/api/x');
  expect(reply.headers).not.toHaveProperty('bearerway-retry');
});

test('a second try that fails says that there were two', async () => {
  const { api, provider, proxy } = await start();
  api.rejectOnce();
  api.behaveOnce(whenWhole((request) => request.socket.destroy()));
  // A GET that a connection from before fails is sent again; a POST is not.
  const reply = await proxy.call('/api/x', { method: 'POST' });
  expect(reply.json()).toMatchObject({ status: 502, code: 'upstream_reset' });
  expect(reply.headers['bearerway-retry']).toBe('done');
  expect(provider.requests).toHaveLength(2);
});

test('R02 a second 401 comes through byte for byte', async () => {
  const { api, provider, proxy } = await start();
  const body = Buffer.from([0x7b, 0x00, 0xff, 0x0d, 0x0a, 0x7d]);
  api.rejectOnce();
  api.behaveOnce(
    whenWhole((_, response) => {
      response.sendDate = false;
      response.writeHead(401, 'Go Away', [
        ...['WWW-Authenticate', 'Bearer realm="a, b", error="invalid_token"'],
        ...['www-authenticate', 'Basic realm="c"'],
        ...['X-Odd-CASE', 'kept'],
        ...['Content-Length', String(body.length)],
      ]);
      response.end(body);
    }),
  );

  const reply = await proxy.call('/api/x', { method: 'POST', body: 'x' });

  expect(reply.status).toBe(401);
  expect(reply.reason).toBe('Go Away');
  expect(reply.body).toEqual(body);
  expect(reply.rawHeaders.slice(0, 10)).toEqual([
    ...['WWW-Authenticate', 'Bearer realm="a, b", error="invalid_token"'],
    ...['www-authenticate', 'Basic realm="c"'],
    ...['X-Odd-CASE', 'kept'],
    ...['Content-Length', '6'],
    ...['Bearerway-Retry', 'done'],
  ]);
  expect(api.requests).toHaveLength(2);
  expect(provider.requests).toHaveLength(2);
});

test.each([200, 403, 404, 429, 500, 503])('whatever the second answer is, it is the answer: %i', async (status) => {
  const { api, provider, proxy } = await start();
  api.rejectOnce();
  api.behaveOnce(whenWhole((_, response) => response.writeHead(status).end(`second: ${status}`)));

  const reply = await proxy.call('/api/x');

  expect(reply).toMatchObject({ status, text: `second: ${status}` });
  expect(reply.headers['bearerway-retry']).toBe('done');
  expect(api.requests).toHaveLength(2);
  expect(provider.requests).toHaveLength(2);
});

test('R04 a request refused with an older token, after the renewal, costs no token request', async () => {
  const { provider, api, proxy } = await start();
  await proxy.call('/api/first');
  const arrived = Promise.withResolvers<void>();
  const renewed = Promise.withResolvers<void>();
  api.behaveOnce((request, response) => {
    request.resume();
    arrived.resolve();
    void renewed.promise.then(() => response.writeHead(401).end('late'));
  });
  const late = proxy.call('/api/late');
  await arrived.promise;
  provider.revoke();
  expect((await proxy.call('/api/quick')).status).toBe(200);
  expect(provider.requests).toHaveLength(2);
  renewed.resolve();

  const reply = await late;

  expect(reply.status).toBe(200);
  expect(reply.headers['bearerway-retry']).toBe('done');
  expect(provider.requests).toHaveLength(2);
});

test.each([
  ['Bearer error="insufficient_scope", scope="admin"'],
  ['Basic realm="x", Bearer realm="y", error="insufficient_scope"'],
  ['bearer ERROR = "insufficient_scope"'],
  ['Bearer error=insufficient_scope'],
])('R09 a 401 that a new token would not change is not tried again: %s', async (challenge) => {
  const { api, provider, proxy } = await start();
  api.behaveOnce(whenWhole((_, response) => response.writeHead(401, { 'www-authenticate': challenge }).end('no')));

  const reply = await proxy.call('/api/x');

  expect(reply).toMatchObject({ status: 401, text: 'no' });
  expect(reply.headers['bearerway-retry']).toBe('skipped; reason=insufficient-scope');
  expect(api.requests).toHaveLength(1);
  expect(provider.requests).toHaveLength(1);
});

test.each([
  ['none at all', undefined],
  ['Basic', 'Basic realm="x"'],
  ['Negotiate', 'Negotiate'],
  ['malformed', '"," error=" , =,='],
  ['ten kilobytes of it', `Bearer error${' '.repeat(10_000)}x`],
  ['another error that begins alike', 'Bearer error="insufficient_scopes"'],
])('R10, R15 every other 401 is, whatever its challenge: %s', async (_name, challenge) => {
  const { api, proxy } = await start();
  api.behaveOnce(
    whenWhole((_, response) =>
      response.writeHead(401, challenge === undefined ? {} : { 'www-authenticate': challenge }).end(),
    ),
  );
  const reply = await proxy.call('/api/x');
  expect(reply.status).toBe(200);
  expect(reply.headers['bearerway-retry']).toBe('done');
});

test('R09 a 403 is an answer, not a refused token', async () => {
  const { api, provider, proxy } = await start();
  api.behaveOnce(
    whenWhole((_, response) =>
      response.writeHead(403, { 'www-authenticate': 'Bearer error="invalid_token"' }).end('forbidden'),
    ),
  );
  const reply = await proxy.call('/api/x');
  expect(reply).toMatchObject({ status: 403, text: 'forbidden' });
  expect(reply.headers).not.toHaveProperty('bearerway-retry');
  expect(provider.requests).toHaveLength(1);
});

test.each([
  ['no status', []],
  ['other statuses', [403, 419]],
])('where retry.statuses names %s, a 401 comes through and says so', async (_name, statuses) => {
  const { provider, proxy, api } = await start({ retry: { statuses } });
  await proxy.call('/api/first');
  provider.revoke();
  const reply = await proxy.call('/api/x', { method: 'POST', body: 'x' });
  expect(reply).toMatchObject({ status: 401, text: 'who are you?' });
  expect(reply.headers['bearerway-retry']).toBe('skipped; reason=disabled');
  expect(api.requests).toHaveLength(2);
  expect(provider.requests).toHaveLength(1);
});

test('where retry.statuses names another status, that one renews the token', async () => {
  const { api, provider, proxy } = await start({ retry: { statuses: [419] } });
  api.behaveOnce(whenWhole((_, response) => response.writeHead(419).end()));
  const reply = await proxy.call('/api/x', { method: 'POST', body: 'x' });
  expect(reply.status).toBe(200);
  expect(reply.headers['bearerway-retry']).toBe('done');
  expect(provider.requests).toHaveLength(2);
});

test("an API cannot pass its own Bearerway-Retry off as the proxy's", async () => {
  const { api, proxy } = await start();
  api.behaveOnce(whenWhole((_, response) => response.writeHead(200, { 'bearerway-retry': 'done' }).end()));
  expect((await proxy.call('/api/x')).headers).not.toHaveProperty('bearerway-retry');
});
