import { expect, test } from 'vitest';
import { startApi, whenWhole } from '../support/api.ts';
import { connectRaw, exchangeRaw } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { type LogLine, oneRoute, startProxy } from '../support/proxy.ts';
import { answering, startRawApi } from '../support/raw-api.ts';

async function start() {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const proxy = await startProxy(oneRoute(api, provider));
  return { provider, api, proxy };
}

const CLIENT = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
const MS = expect.any(Number);

/** What every line of a request has. */
const always = {
  time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  msg: 'request',
  requestId: expect.stringMatching(/^[0-9a-f]{32}$/),
  client: CLIENT,
  durationMs: MS,
};

function only(lines: readonly LogLine[]): LogLine {
  expect(lines).toHaveLength(1);
  return lines[0] ?? {};
}

test('a request that went well', async () => {
  const { proxy } = await start();
  const { body } = await proxy.call('/api/v1/things?secret=canary-query', { method: 'POST', body: '12345' });
  const line = only(await proxy.served(1));
  expect(line).toEqual({
    ...always,
    level: 'info',
    route: '/api',
    credential: 'main',
    method: 'POST',
    path: '/api/v1/things',
    status: 200,
    upstreamMs: MS,
    bytesIn: 5,
    bytesOut: body.length,
  });
  expect(Number(line['durationMs'])).toBeGreaterThanOrEqual(Number(line['upstreamMs']));
});

test('a request that was sent once more', async () => {
  const { api, proxy } = await start();
  api.rejectOnce();
  await proxy.call('/api/x', { method: 'POST', body: '12345' });
  expect(only(await proxy.served(1))).toMatchObject({ level: 'info', status: 200, retry: 'done', bytesIn: 5 });
});

test('a request that was refused and not sent once more', async () => {
  const { api, proxy } = await start();
  api.behaveOnce(
    whenWhole((_, response) =>
      response.writeHead(401, { 'www-authenticate': 'Bearer error="insufficient_scope"' }).end('no'),
    ),
  );
  await proxy.call('/api/x');
  expect(only(await proxy.served(1))).toMatchObject({
    ...{ status: 401, retry: 'skipped; reason=insufficient-scope', bytesOut: 2 },
  });
});

test('a failure of an API has its code, and the words behind it', async () => {
  const api = await startRawApi(({ socket }) => {
    socket.resetAndDestroy();
  });
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  const reply = await proxy.call('/api/x?secret=canary-query');
  expect(only(await proxy.served(1))).toEqual({
    ...always,
    level: 'warn',
    route: '/api',
    method: 'GET',
    path: '/api/x',
    status: 502,
    error: 'upstream_reset',
    reason: expect.stringContaining('ECONNRESET'),
    bytesIn: 0,
    bytesOut: reply.body.length,
    requestId: reply.json()['requestId'],
  });
});

test("a client's mistake wakes nobody", async () => {
  const { proxy } = await start();
  await proxy.call('/nowhere?secret=canary-query');
  expect(only(await proxy.served(1))).toMatchObject({
    level: 'info',
    path: '/nowhere',
    status: 404,
    error: 'no_route',
  });
});

test('a client that left before it got anything', async () => {
  const { api, proxy } = await start();
  const arrived = Promise.withResolvers<void>();
  api.behaveOnce(whenWhole(() => arrived.resolve()));
  const client = await connectRaw(proxy.port);
  client.send('GET /api/x?secret=canary-query HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await arrived.promise;
  client.socket.destroy();
  expect(only(await proxy.served(1))).toEqual({
    ...always,
    level: 'info',
    route: '/api',
    credential: 'main',
    method: 'GET',
    path: '/api/x',
    status: 499,
    error: 'client_left',
    bytesIn: 0,
    bytesOut: 0,
  });
});

test('what was no request', async () => {
  const { proxy } = await start();
  await exchangeRaw(proxy.port, 'canary-query\r\n\r\n');
  expect(only(await proxy.served(1))).toEqual({
    ...always,
    level: 'info',
    method: '-',
    status: 400,
    error: 'bad_request',
    reason: expect.stringMatching(/./),
    bytesIn: 0,
    bytesOut: expect.any(Number),
  });
});

test.each([
  ['no Host', 'POST /api/x?secret=canary-query HTTP/1.1\r\n\r\n'],
  ['two lengths', 'POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
  ['a field that is none', 'POST /api/x HTTP/1.1\r\nHost: localhost\r\nno field\r\n\r\n'],
  ['a fragment', 'POST /api/x#secret=canary-query HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['too many bytes', `POST /api/x HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`],
])('a request that broke HTTP behind its first line is told of by method and path: %s', async (_name, bytes) => {
  const { proxy } = await start();
  await exchangeRaw(proxy.port, bytes);
  expect(only(await proxy.served(1))).toMatchObject({ method: 'POST', path: '/api/x' });
});

test('what was no request is not told of by the method and path of the one before it', async () => {
  const { proxy } = await start();
  await exchangeRaw(proxy.port, 'GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\nno request\r\n\r\n');
  const [, second] = await proxy.served(2);
  expect(second).toMatchObject({ method: '-', status: 400 });
  expect(second).not.toHaveProperty('path');
});

test('a request keeps the id that its client gave it, if that can stand in a log', async () => {
  const { api, proxy } = await start();
  await proxy.call('/api/x', { headers: { 'x-request-id': 'given-1' } });
  await proxy.call('/api/x', { headers: { 'x-request-id': 'has a space' } });
  const [first, second] = await proxy.served(2);
  expect(first?.['requestId']).toBe('given-1');
  expect(second?.['requestId']).toMatch(/^[0-9a-f]{32}$/);
  expect(api.requests.map(({ headers }) => headers['x-request-id'])).toEqual(['given-1', second?.['requestId']]);
});

test.each([
  ['a path', 'GET /api/x?secret=canary-query HTTP/1.1\r\nHost: localhost'],
  ['an absolute URL', 'GET http://localhost/api/x?secret=canary-query HTTP/1.1\r\nHost: localhost'],
  ['a path that is refused', 'GET /api/../x?secret=canary-query HTTP/1.1\r\nHost: localhost'],
  ['a target with a fragment', 'GET /api/x?secret=canary-query#f HTTP/1.1\r\nHost: localhost'],
  ['a target that is too long', `GET /api/x?secret=canary-query${'x'.repeat(9000)} HTTP/1.1\r\nHost: localhost`],
  ['a foreign Host', 'GET /api/x?secret=canary-query HTTP/1.1\r\nHost: elsewhere.test'],
  ['no Host', 'GET /api/x?secret=canary-query HTTP/1.1'],
  ['a page', 'GET /api/x?secret=canary-query HTTP/1.1\r\nHost: localhost\r\nOrigin: null'],
  ['an unknown version', 'GET /api/x?secret=canary-query HTTP/9.9\r\nHost: localhost'],
  ['no request at all', '\x16\x03\x01?secret=canary-query'],
])('a query string is never logged: %s', async (_name, head) => {
  const api = await startRawApi(answering('SSH-2.0-it\r\n'));
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  const received = await exchangeRaw(proxy.port, `${head}\r\nConnection: close\r\n\r\n`);
  await proxy.served(1);
  expect(JSON.stringify(proxy.log)).not.toContain('canary-query');
  expect(received).not.toContain('canary-query');
});

test('what a route does not allow is told of with the route', async () => {
  const api = await startApi();
  const routes = [{ prefix: '/api', upstream: api.url, methods: ['GET'], paths: ['/v1/**'] }];
  const proxy = await startProxy({ routes });
  await proxy.call('/api/v1/x', { method: 'POST' });
  await proxy.call('/api/other');
  await proxy.call('/elsewhere');
  expect((await proxy.served(3)).map(({ error, route }) => [error, route])).toEqual([
    ['method_denied', '/api'],
    ['path_denied', '/api'],
    ['no_route', undefined],
  ]);
});
