/** Forward mode by bare sockets: what `HTTP_PROXY` makes of clients, and what else might be sent so. */
import { createServer as createTlsServer } from 'node:https';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Api, startApi } from '../support/api.ts';
import { CLIENT_TOKEN } from '../support/canary.ts';
import { selfSigned } from '../support/certificate.ts';
import { connectRaw } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, type Proxy as RunningProxy, startProxy } from '../support/proxy.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';
import { ask, raw } from '../support/raw-replies.ts';
import { closing, listening } from '../support/server.ts';
import { setStage } from '../support/stage.ts';
import { SWITCHING } from '../support/tunnel.ts';

function get(url: string, ...lines: string[]): string {
  return raw([`GET ${url} HTTP/1.1`, 'Host: nobody.test', ...lines]);
}

/** The same API by a name that is not the proxy's own: nothing is said there of what else is ours. */
function elsewhere({ url }: Api): string {
  return url.replace('127.0.0.1', '0.0.0.0');
}

async function foreign(
  route: object = {},
  config: object = {},
): Promise<{ api: Api; url: string; proxy: RunningProxy }> {
  const api = await startApi();
  const url = elsewhere(api);
  const routes = [{ prefix: '/api', upstream: `${url}/base`, plaintext: true, ...route }];
  return { api, url, proxy: await startProxy({ routes, ...config }) };
}

test("a URL of the upstream goes there with the route's token, whatever the Host", async () => {
  const stage = await setStage();
  stage.api.rejectOnce();
  const reply = await ask(stage.proxy.port, get(`${stage.api.url}/v1/a%2Fb?c=%zz`, 'Authorization: Bearer theirs'));
  expect([reply.status, reply.get('bearerway-retry')]).toEqual([200, 'done']);
  expect(stage.api.requests.map(({ url, headers }) => [url, headers.host, headers.authorization])).toEqual(
    stage.provider.issued.map((token) => ['/v1/a%2Fb?c=%zz', new URL(stage.api.url).host, `Bearer ${token}`]),
  );
  const [line] = await stage.proxy.served(1);
  expect(line).toMatchObject({ route: '/api', path: '/v1/a%2Fb', status: 200, retry: 'done', credential: 'main' });
});

test('routes to one host are told apart by their bases, of the same base the first is taken', async () => {
  const api = await startApi();
  const providers = [await startIdentityProvider(), await startIdentityProvider()];
  const proxy = await startProxy({
    credentials: Object.fromEntries(providers.map((provider, at) => [`c${at}`, credentialFor(provider)])),
    routes: [
      { prefix: '/one', upstream: `${api.url}/one`, credential: 'c0' },
      { prefix: '/two', upstream: `${api.url}/one/two`, credential: 'c1' },
      { prefix: '/late', upstream: `${api.url}/one`, credential: 'c1', methods: ['POST'] },
    ],
  });
  for (const path of ['/one', '/one/x', '/one/two', '/one/two/x', '/one/twofold'])
    expect((await ask(proxy.port, get(api.url + path))).status, path).toBe(200);
  const [one, two] = providers.map(({ issued }) => `Bearer ${issued[0]}`);
  expect(api.requests.map(({ headers }) => headers.authorization)).toEqual([one, one, two, two, one]);
});

test('with stripPrefix: false the prefix belongs to the base', async () => {
  const { api, url, proxy } = await foreign({ prefix: '/keep', stripPrefix: false, paths: ['/v1/**'] });
  expect((await ask(proxy.port, get(`${url}/base/keep/v1/x`))).status).toBe(200);
  expect((await ask(proxy.port, get(`${url}/base/keep/v2/x`))).code).toBe('path_denied');
  for (const path of ['/base', '/base/v1/x', '/base/keeper/v1/x'])
    expect((await ask(proxy.port, get(url + path))).code, path).toBe('forward_denied');
  expect(api.requests.map(({ url: seen }) => seen)).toEqual(['/base/keep/v1/x']);
});

describe('never an open proxy', () => {
  test('what is beside a base, at another port, or not to be forwarded to is refused, and the log says what was asked for', async () => {
    const { api, url, proxy } = await foreign();
    for (const target of [
      url,
      `${url}/`,
      `${url}/based/x`,
      `${url}?x`,
      'http://0.0.0.0/base/x',
      'http://0.0.0.0:1/base',
    ])
      expect((await ask(proxy.port, get(target))).code, target).toBe('forward_denied');
    expect(proxy.requests.at(-1)).toMatchObject({
      error: 'forward_denied',
      reason: expect.stringContaining('0.0.0.0:1'),
    });
    expect(api.requests).toEqual([]);
  });

  test('forward: false takes a route out, and leaves its prefix', async () => {
    const { api, url, proxy } = await foreign({ forward: false });
    expect((await ask(proxy.port, get(`${url}/base/x`))).code).toBe('forward_denied');
    expect((await proxy.call('/api/x')).status).toBe(200);
    expect(api.requests).toHaveLength(1);
  });

  test('the path is read as strictly as behind a prefix', async () => {
    const { api, url, proxy } = await foreign();
    for (const path of ['/base/../x', '/base/%2e%2e/x', '/base//x', '//base', '/base/..;/x', '/base/x#y', '/base/%00'])
      expect((await ask(proxy.port, get(url + path))).code, path).toBe('bad_request');
    expect((await ask(proxy.port, get(`${url.replace('//', '//x:y@')}/base/x`))).code).toBe('bad_request');
    expect((await ask(proxy.port, get(`${url.replace('http', 'ftp')}/base/x`))).code).toBe('bad_request');
    expect((await ask(proxy.port, raw([`TRACE ${url}/base/x HTTP/1.1`, 'Host: x']))).code).toBe('method_denied');
    expect(api.requests).toEqual([]);
  });

  test('nor for web pages', async () => {
    const { api, url, proxy } = await foreign();
    for (const line of ['Origin: http://evil.test', `Origin: ${url}`, 'Origin: null', 'Sec-Fetch-Site: same-origin'])
      expect((await ask(proxy.port, get(`${url}/base/x`, line))).code, line).toBe('origin_denied');
    expect(api.requests).toEqual([]);
  });
});

test('an origin that is allowed is the one asked for, and not what a Host says', async () => {
  const allowed = 'http://allowed.test';
  const { url, proxy } = await foreign({}, { listen: { allowedOrigins: [allowed] } });
  const lines = ['Host: allowed.test', 'Sec-Fetch-Site: same-origin'];
  const reply = await ask(proxy.port, raw([`GET ${url}/base/x HTTP/1.1`, ...lines]));
  expect(reply.code).toBe('origin_denied');
});

test('A15 what is said to proxies goes no further, in any spelling, and behind a prefix all but the known is data', async () => {
  const { api, url, proxy } = await foreign();
  const known = ['Proxy-Connection: keep-alive', 'Proxy-Authorization: Basic eDp5', 'Proxy-Authenticate: x'];
  const others = ['Proxy-Features: x', 'proxy_instruction: y', 'PROXY-X: z', 'X-Proxy-A: kept', 'Proxying: kept'];
  expect((await ask(proxy.port, get(`${url}/base/x`, ...known, ...others))).status).toBe(200);
  expect((await ask(proxy.port, raw(['GET /api/x HTTP/1.1', 'Host: localhost', ...known, ...others]))).status).toBe(
    200,
  );
  const seen = api.requests.map(({ rawHeaders }) => rawHeaders.filter((name) => /proxy[-_i]/i.test(name)));
  expect(seen).toEqual([
    ['X-Proxy-A', 'Proxying'],
    ['Proxy-Features', 'proxy_instruction', 'PROXY-X', 'X-Proxy-A', 'Proxying'],
  ]);
});

test('X-Forwarded-Host is the authority asked for', async () => {
  const { api, url, proxy } = await foreign({ forwardedHeaders: true });
  await ask(proxy.port, get(`${url}/base/x`));
  expect(api.requests[0]?.headers['x-forwarded-host']).toBe(new URL(url).host);
});

test('an upgrade goes there, too, and becomes a tunnel', async () => {
  const api = await startRawApi();
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  const client = await connectRaw(proxy.port);
  client.send(get(`${api.url}/x`, 'Connection: Upgrade', 'Upgrade: x'));
  const end = await api.connection();
  expect(await end.until(hasHead)).toMatch(/^GET \/x HTTP\/1\.1\r\n/);
  end.send(SWITCHING);
  await client.until(hasHead);
  client.send('ping');
  await end.until((received) => received.endsWith('\r\n\r\nping'));
});

test("over the upstream's own scheme; where it redirects to is told as an http:// URL", async () => {
  const certificate = selfSigned();
  const seen: unknown[] = [];
  const server = createTlsServer(certificate, ({ url, headers }, response) => {
    seen.push([url, headers.host]);
    response.writeHead(302, { location: `https://${headers.host}/y` }).end();
  });
  const host = `127.0.0.1:${await listening(server)}`;
  onTestFinished(() => closing(server));
  const routes = [{ prefix: '/api', upstream: `https://${host}`, tls: { ca: certificate.cert } }];
  const proxy = await startProxy({ routes });
  const reply = await ask(proxy.port, get(`http://${host}/x`));
  expect([reply.status, reply.get('location')]).toEqual([302, `http://${host}/y`]);
  expect(seen).toEqual([['/x', host]]);
});

describe('with a client token', () => {
  const listen = { clientToken: CLIENT_TOKEN };
  const basic = `Basic ${Buffer.from(`x:${CLIENT_TOKEN}`).toString('base64')}`;

  test.each([
    ['Proxy-Authorization', basic],
    ['Proxy-Authorization', `Bearer ${CLIENT_TOKEN}`],
    ['Bearerway-Client-Token', CLIENT_TOKEN],
  ])('it comes by %s', async (name, value) => {
    const { api, url, proxy } = await foreign({}, { listen });
    const own = 'Authorization: Bearer own';
    expect((await ask(proxy.port, get(`${url}/base/x`, `${name}: ${value}`, own))).status).toBe(200);
    expect(api.requests[0]?.headers.authorization).toBe('Bearer own');
    expect(JSON.stringify(api.requests[0]?.rawHeaders)).not.toContain(value);
  });

  test("Authorization is the API's there; where the token stands in it, it goes no further", async () => {
    const { api, url, proxy } = await foreign({}, { listen });
    const reply = await ask(proxy.port, get(`${url}/base/x`, `Authorization: ${basic}`));
    expect([reply.code, reply.get('proxy-authenticate')]).toEqual(['client_unauthorized', 'Basic realm="bearerway"']);
    const both = [`Authorization: ${basic}`, `Proxy-Authorization: ${basic}`];
    expect((await ask(proxy.port, get(`${url}/base/x`, ...both))).status).toBe(200);
    expect(api.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    // As if in origin form.
    const own = await ask(proxy.port, get(`http://localhost:${proxy.port}/api/x`, `Authorization: ${basic}`));
    expect(own.status).toBe(200);
  });

  test('without it nobody learns which hosts there are', async () => {
    const { api, url, proxy } = await foreign({}, { listen });
    for (const target of [`${url}/base/x`, `${url}/other`, 'http://evil.test/'])
      expect((await ask(proxy.port, get(target))).code).toBe('client_unauthorized');
    expect((await ask(proxy.port, get('http://evil.test/', `Proxy-Authorization: ${basic}`))).code).toBe(
      'forward_denied',
    );
    expect(api.requests).toEqual([]);
  });
});

test('a URL beside the base of an upstream on this machine is not taken for one of our own', async () => {
  const stage = await setStage({ route: { prefix: '/', upstream: 'http://127.0.0.1:1/base' } });
  const reply = await ask(stage.proxy.port, get('http://127.0.0.1:1/other'));
  expect(reply.code).toBe('forward_denied');
});
