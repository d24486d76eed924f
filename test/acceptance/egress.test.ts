/** APIs that are reached by way of an egress proxy: what is promised of those that are reached straight holds for them. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { EGRESS_PASSWORD, EGRESS_USER } from '../support/canary.ts';
import { selfSigned } from '../support/certificate.ts';
import { connectRaw } from '../support/client.ts';
import { type EgressProxy, startEgressProxy } from '../support/egress-proxy.ts';
import { API_NAME, type NamedApi, namedIdentity, startNamedApi } from '../support/named-api.ts';
import { startProxy } from '../support/proxy.ts';
import { listening } from '../support/server.ts';
import { openSocket } from '../support/websocket-api.ts';

const { cert } = namedIdentity;
const proxyIdentity = selfSigned();
const credentials = `Basic ${Buffer.from(`${EGRESS_USER}:${EGRESS_PASSWORD}`).toString('base64')}`;

interface Scene {
  readonly egress: EgressProxy;
  readonly api: NamedApi;
  readonly config: { readonly egress: object; readonly routes: readonly object[] };
}

async function scene(options: { secureProxy?: boolean; plainApi?: boolean; route?: object } = {}): Promise<Scene> {
  const { secureProxy = false, plainApi = false, route = {} } = options;
  const egress = await startEgressProxy(secureProxy ? proxyIdentity : undefined);
  const api = await startNamedApi(plainApi ? undefined : namedIdentity);
  egress.knows(`${API_NAME}:${plainApi ? 80 : 443}`, api.url);
  const upstream = `${plainApi ? 'http' : 'https'}://${API_NAME}/base`;
  const config = {
    egress: { proxy: egress.url, ca: [cert, proxyIdentity.cert] },
    routes: [{ prefix: '/api', upstream, plaintext: plainApi, ...route }],
  };
  return { egress, api, config };
}

describe.each([
  ['an http:// proxy', false],
  ['an https:// proxy', true],
])('by way of %s', (_, secureProxy) => {
  test('an API behind TLS is reached through CONNECT, verified by its own name, and its connection used again', async () => {
    const { egress, api, config } = await scene({ secureProxy });
    const proxy = await startProxy(config);
    for (const path of ['/api/1', '/api/2']) {
      const reply = await proxy.call(path, { method: 'POST', body: 'x'.repeat(200_000) });
      expect(reply.text).toBe(`/base${path.slice(4)} of ${API_NAME}`);
    }
    expect(egress.asked).toEqual([{ method: 'CONNECT', target: `${API_NAME}:443`, authorization: undefined }]);
    expect(api.connections).toHaveLength(1);
    expect((api.connections[0] as TLSSocket).servername).toBe(API_NAME);
  });

  test('an API without TLS gets its requests passed on, in absolute form', async () => {
    const { egress, api, config } = await scene({ secureProxy, plainApi: true });
    const proxy = await startProxy(config);
    for (const path of ['/api/1?a=%20', '/api/2'])
      expect((await proxy.call(path)).text).toBe(`/base${path.slice(4)} of ${API_NAME}`);
    expect(egress.asked.map(({ method, target }) => [method, target])).toEqual([
      ['GET', `http://${API_NAME}/base/1?a=%20`],
      ['GET', `http://${API_NAME}/base/2`],
    ]);
    expect(egress.open.size).toBe(1);
    expect(api.requests).toHaveLength(2);
  });

  test.each([
    ['behind TLS', false, 443],
    ['without TLS', true, 80],
  ])('a WebSocket goes through CONNECT, to an API %s', async (_name, plainApi, port) => {
    const { egress, config } = await scene({ secureProxy, plainApi });
    const proxy = await startProxy(config);
    const socket = await openSocket(`ws://127.0.0.1:${proxy.port}/api/socket`);
    socket.send('hello');
    expect(String((await once(socket, 'message'))[0])).toBe('hello');
    expect(egress.asked.map(({ target }) => target)).toEqual([`${API_NAME}:${port}`]);
    const large = 'x'.repeat(2_000_000);
    socket.send(large);
    expect(String((await once(socket, 'message'))[0])).toBe(large);
    socket.close();
    await once(socket, 'close');
  });
});

test.each([
  ['through CONNECT', false],
  ['with requests passed on', true],
])('the credentials of its address go to the proxy, and not to the API: %s', async (_, plainApi) => {
  const { egress, api, config } = await scene({ plainApi });
  egress.guarded = true;
  const proxy = await startProxy({ ...config, egress: { ...config.egress, proxy: egress.guardedUrl } });
  expect((await proxy.call('/api/x', { headers: { 'Proxy-Authorization': 'Basic bWluZTptaW5l' } })).status).toBe(200);
  expect(egress.asked.map(({ authorization }) => authorization)).toEqual([credentials]);
  expect(api.requests[0]?.headers['proxy-authorization']).toBeUndefined();
});

test('the log says that there is one, without its credentials', async () => {
  const { egress, config } = await scene();
  const proxy = await startProxy({ ...config, egress: { ...config.egress, proxy: egress.guardedUrl } });
  expect(proxy.log.find(({ msg }) => /egress proxy/.test(String(msg)))).toMatchObject({
    level: 'info',
    http: egress.url,
    https: egress.url,
  });
});

test('an egress proxy that is ourselves is ignored, with a warning', async () => {
  const probe = createServer();
  const port = await listening(probe);
  probe.close();
  await once(probe, 'close');
  const env = { HTTPS_PROXY: `http://localhost:${port}`, HTTP_PROXY: 'http://proxy.test:3128' };
  const routes = [{ prefix: '/api', upstream: `https://${API_NAME}` }];
  const proxy = await startProxy({ listen: { port }, routes }, { env });
  const [first, second] = proxy.log;
  expect(first).toMatchObject({ level: 'warn', msg: expect.stringContaining('is this proxy itself; it is ignored') });
  expect(second).toMatchObject({ level: 'info', http: 'http://proxy.test:3128' });
  expect(second?.['https']).toBeUndefined();
  expect((await proxy.call('/api/x')).json()).toMatchObject({ detail: 'no connection to the API could be made' });
});

test('a new connection takes up the TLS session of an old one', async () => {
  const { api, config } = await scene();
  const proxy = await startProxy(config);
  await proxy.call('/api/1');
  const [first] = api.connections;
  first?.end();
  if (first?.closed === false) await once(first, 'close');
  await proxy.call('/api/2');
  expect((api.connections[1] as TLSSocket).isSessionReused()).toBe(true);
});

test('no more connections than the route allows', async () => {
  const { api, config } = await scene({ route: { connections: 2 } });
  const proxy = await startProxy(config);
  const replies = await Promise.all(Array.from({ length: 20 }, (_, i) => proxy.call(`/api/${i}`)));
  expect(replies.map(({ text }) => text)).toEqual(replies.map((_, i) => `/base/${i} of ${API_NAME}`));
  expect(api.connections.length).toBeLessThanOrEqual(2);
});

test('a client that leaves takes the connection through the proxy with it', async () => {
  const { egress, config } = await scene();
  const proxy = await startProxy(config);
  const gone = Promise.withResolvers<void>();
  egress.behave((socket) => void socket.on('end', gone.resolve).resume());
  const client = await connectRaw(proxy.port);
  client.send('GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await egress.asks(1);
  client.socket.destroy();
  await gone.promise;
});

test.each([
  ['a destination of noProxy', { noProxy: ['127.0.0.1', 'localhost', `*.${API_NAME}`] }, `https://sub.${API_NAME}/`],
  ['everything, if noProxy has *', { noProxy: ['*'] }, `https://${API_NAME}/`],
])('%s is reached without it', async (_, more, upstream) => {
  const { egress, config } = await scene();
  const proxy = await startProxy({ egress: { ...config.egress, ...more }, routes: [{ prefix: '/api', upstream }] });
  // Nobody knows that name but the egress proxy.
  const reply = (await proxy.call('/api/x')).json();
  expect(reply).toMatchObject({ code: 'upstream_unreachable', detail: 'no connection to the API could be made' });
  expect(egress.asked).toEqual([]);
});

test('loopback is reached without it, whatever noProxy says', async () => {
  const { egress, config } = await scene();
  const api = await startNamedApi();
  const port = new URL(api.url).port;
  const hosts = ['127.0.0.1', 'localhost', '127.3.2.1'];
  const routes = hosts.map((host, i) => ({ prefix: `/${i}`, upstream: `http://${host}:${port}` }));
  const proxy = await startProxy({ egress: { ...config.egress, noProxy: [] }, routes });
  for (const i of hosts.keys()) await proxy.call(`/${i}/x`);
  expect(api.requests.length).toBeGreaterThan(0);
  expect(egress.asked).toEqual([]);
});
