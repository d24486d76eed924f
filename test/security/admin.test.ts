import { describe, expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { CLIENT_TOKEN } from '../support/canary.ts';
import type { CallOptions } from '../support/client.ts';
import { type RunningProxy, startProxy } from '../support/proxy.ts';

async function start(admin: Readonly<Record<string, unknown>> = {}): Promise<RunningProxy> {
  const api = await startApi();
  return startProxy({ admin: { port: 0, ...admin }, routes: [{ prefix: '/api', upstream: api.url }] });
}

/** Those that are guarded, and one that is not there. */
const guarded = ['/', '/page/page.js', '/api/status', '/api/events', '/nowhere'];

async function refuses(proxy: RunningProxy, options: CallOptions, status: number, code: string): Promise<void> {
  for (const path of guarded) {
    const reply = await proxy.askAdmin(path, options);
    expect({ path, status: reply.status, code: reply.json()['code'] }).toEqual({ path, status, code });
    expect(reply.rawHeaders.filter((name) => /^access-control-/i.test(name))).toEqual([]);
  }
}

/** The guard has let it through: there is such a page, or there is none. */
async function admits(proxy: RunningProxy, options: CallOptions = {}): Promise<void> {
  expect((await proxy.askAdmin('/nowhere', options)).json()['code']).toBe('no_route');
}

describe('probes and Prometheus reach what is theirs', () => {
  test.each(['GET', 'HEAD'])('%s by an address that nobody configured, with any origin', async (method) => {
    const proxy = await start();
    for (const path of ['/healthz', '/readyz', '/readyz?verbose', '/metrics']) {
      const headers = { host: '10.1.2.3:9090', origin: 'null', 'sec-fetch-site': 'cross-site' };
      const reply = await proxy.askAdmin(path, { method, headers });
      expect(reply.status).toBe(200);
      expect(reply.body.length > 0).toBe(method === 'GET');
      expect(reply.headers['cache-control']).toBe('no-store');
    }
  });

  test('without the client token, too', async () => {
    const proxy = await start({ clientToken: CLIENT_TOKEN });
    expect((await proxy.askAdmin('/readyz', { headers: { host: '10.1.2.3' } })).status).toBe(200);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])('%s is none of theirs', async (method) => {
    const proxy = await start();
    const reply = await proxy.askAdmin('/healthz', { method });
    expect(reply.status).toBe(405);
    expect(reply.headers.allow).toBe('GET, HEAD');
  });
});

describe('all else is for whoever runs it', () => {
  test('a Host that is not ours is refused, with words of where to name it', async () => {
    const proxy = await start();
    for (const host of ['10.1.2.3:9090', 'evil.test', '0.0.0.0', 'localhost.evil.test'])
      await refuses(proxy, { headers: { host } }, 421, 'host_denied');
    const { text } = await proxy.askAdmin('/nowhere', { headers: { host: 'evil.test' } });
    expect(text).toContain('admin.allowedHosts');
  });

  test('but for those of admin.allowedHosts; the main port knows nothing of them', async () => {
    const proxy = await start({ allowedHosts: ['ops.internal', '*.cluster.local'] });
    for (const host of ['ops.internal', 'a.cluster.local:9090', 'localhost', '[::1]:1'])
      await admits(proxy, { headers: { host } });
    expect((await proxy.call('/api/x', { headers: { host: 'ops.internal' } })).status).toBe(421);
  });

  test.each([
    ['a foreign origin', { origin: 'https://evil.test' }],
    ['a null one', { origin: 'null' }],
    ['our main port, where an API may show its pages', { origin: 'http://127.0.0.1:8080' }],
    ['another scheme of our host, and no port', { origin: 'ws://127.0.0.1' }],
    ['another site, says the browser', { 'sec-fetch-site': 'cross-site' }],
    ['another port of this one, says the browser', { 'sec-fetch-site': 'same-site' }],
    ['an image of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ])('a page of %s gets nothing', async (_, headers) => {
    const proxy = await start();
    await refuses(proxy, { headers }, 403, 'origin_denied');
    await refuses(
      proxy,
      { method: 'POST', headers: { ...headers, 'content-type': 'text/plain' } },
      403,
      'origin_denied',
    );
  });

  test('a page of our own may ask, by the name it was asked for', async () => {
    const proxy = await start({ allowedHosts: ['ops.internal'] });
    await admits(proxy, { headers: { 'sec-fetch-site': 'same-origin' } });
    await admits(proxy, { headers: { 'sec-fetch-site': 'none' } });
    const own = `127.0.0.1:${proxy.app.admin?.port}`;
    await admits(proxy, { headers: { origin: `http://${own}`, 'sec-fetch-site': 'same-origin' } });
    await admits(proxy, { headers: { host: 'ops.internal', origin: 'https://ops.internal' } });
    await refuses(proxy, { headers: { host: 'ops.internal', origin: `http://${own}` } }, 403, 'origin_denied');
  });

  test('nothing is a way to an API, or to another host', async () => {
    const proxy = await start();
    await refuses(proxy, { method: 'TRACE' }, 405, 'method_denied');
    expect((await proxy.askAdmin('http://evil.test/', {})).status).toBe(403);
    expect((await proxy.askAdmin('/api/x')).json()['code']).toBe('no_route');
  });
});

describe('admin.clientToken', () => {
  const basic = (password: string): string => `Basic ${Buffer.from(`x:${password}`).toString('base64')}`;

  test.each([
    ['Bearerway-Client-Token', CLIENT_TOKEN],
    ['Proxy-Authorization', `Bearer ${CLIENT_TOKEN}`],
    ['Proxy-Authorization', basic(CLIENT_TOKEN)],
    ['Authorization', basic(CLIENT_TOKEN)],
  ])('lets in as %s: %s', async (name, value) => {
    await admits(await start({ clientToken: CLIENT_TOKEN }), { headers: { [name]: value } });
  });

  test('nobody gets in without, and a browser asks its user for it', async () => {
    const proxy = await start({ clientToken: CLIENT_TOKEN });
    for (const headers of [{}, { 'Bearerway-Client-Token': 'wrong' }, { Authorization: `Bearer ${CLIENT_TOKEN}` }]) {
      const reply = await proxy.askAdmin('/nowhere', { headers });
      expect(reply.status).toBe(407);
      expect(reply.headers['proxy-authenticate']).toBe('Basic realm="bearerway"');
      for (const path of ['/', '/?x', '/page/page.css']) {
        const page = await proxy.askAdmin(path, { headers });
        expect(page.status).toBe(401);
        expect(page.headers['www-authenticate']).toBe('Basic realm="bearerway"');
        expect(page.json()['code']).toBe('client_unauthorized');
      }
    }
  });

  test('is another one than that of the main port', async () => {
    const api = await startApi();
    const proxy = await startProxy({
      listen: { clientToken: 'for-the-main-port' },
      admin: { port: 0, clientToken: CLIENT_TOKEN },
      routes: [{ prefix: '/api', upstream: api.url }],
    });
    const wrong = { headers: { 'Bearerway-Client-Token': 'for-the-main-port' } };
    expect((await proxy.askAdmin('/nowhere', wrong)).status).toBe(407);
    expect((await proxy.call('/api/x', { headers: { 'Bearerway-Client-Token': CLIENT_TOKEN } })).status).toBe(407);
  });
});

describe('beyond loopback', () => {
  test('without a client token only probes and Prometheus are answered; the rest says what to set', async () => {
    const proxy = await start({ host: '0.0.0.0' });
    expect((await proxy.askAdmin('/readyz', { headers: { host: '10.1.2.3' } })).status).toBe(200);
    await refuses(proxy, {}, 403, 'path_denied');
    expect((await proxy.askAdmin('/')).json()['detail']).toContain('admin.clientToken');
  });

  test('with one the rest is guarded as on loopback', async () => {
    const proxy = await start({ host: '0.0.0.0', clientToken: CLIENT_TOKEN });
    const headers = { 'Bearerway-Client-Token': CLIENT_TOKEN };
    await admits(proxy, { headers });
    expect((await proxy.askAdmin('/nowhere')).status).toBe(407);
    await refuses(proxy, { headers: { ...headers, host: '0.0.0.0' } }, 421, 'host_denied');
    await refuses(proxy, { headers: { ...headers, origin: 'https://evil.test' } }, 403, 'origin_denied');
  });
});

test('admin: false opens nothing', async () => {
  const api = await startApi();
  const proxy = await startProxy({ admin: false, routes: [{ prefix: '/api', upstream: api.url }] });
  expect(proxy.app.admin).toBeUndefined();
  expect((await proxy.call('/healthz')).status).toBe(404);
});

test('what is no HTTP is told so, and the log has no secret of it', async () => {
  const proxy = await start({ clientToken: CLIENT_TOKEN });
  const reply = await proxy.askAdmin('/healthz', { headers: ['Host', 'localhost', 'Host', 'localhost'] });
  expect(reply.json()['code']).toBe('bad_request');
  expect(proxy.log.at(-1)).toMatchObject({ error: 'bad_request', level: 'debug' });
});
