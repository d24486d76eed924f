import { describe, expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, startProxy } from '../support/proxy.ts';
import { ask, raw } from '../support/raw-replies.ts';
import { setStage } from '../support/stage.ts';

function bytes(method: string, target: string): string {
  return raw([`${method} ${target} HTTP/1.1`, 'Host: localhost', 'Content-Length: 0']);
}

test('P19 each route has its own credential, and the longest prefix decides', async () => {
  const [one, two] = [await startIdentityProvider(), await startIdentityProvider()];
  const api = await startApi();
  const proxy = await startProxy({
    credentials: { one: credentialFor(one), two: credentialFor(two, { inject: { header: 'X-Token', scheme: 'Two' } }) },
    routes: [
      { prefix: '/a', upstream: `${api.url}/one`, credential: 'one' },
      { prefix: '/a/b', upstream: `${api.url}/two`, credential: 'two' },
    ],
  });
  for (const target of ['/a/b', '/a/bc', '/a/b/c', '/a', '/a/c/b'])
    expect((await ask(proxy.port, bytes('GET', target))).status).toBe(200);
  expect((await ask(proxy.port, bytes('GET', '/a%2fb'))).code).toBe('no_route');
  const [first] = one.issued;
  const [second] = two.issued;
  expect(api.requests.map(({ url, headers }) => [url, headers.authorization, headers['x-token']])).toEqual([
    ['/two', undefined, `Two ${second}`],
    ['/one/bc', `Bearer ${first}`, undefined],
    ['/two/c', undefined, `Two ${second}`],
    ['/one', `Bearer ${first}`, undefined],
    ['/one/c/b', `Bearer ${first}`, undefined],
  ]);
});

test('the prefix is stripped or kept, below the path of the upstream', async () => {
  const api = await startApi();
  const proxy = await startProxy({
    routes: [
      { prefix: '/strip', upstream: `${api.url}/base` },
      { prefix: '/keep', upstream: `${api.url}/base/`, stripPrefix: false },
      { prefix: '/', upstream: api.url },
    ],
  });
  for (const target of ['/strip', '/strip/', '/strip/x?y', '/strip?y', '/keep', '/keep/x?y', '/', '/other/x', '/?y'])
    expect((await ask(proxy.port, bytes('GET', target))).status).toBe(200);
  expect(api.requests.map(({ url }) => url)).toEqual([
    ...['/base', '/base/', '/base/x?y', '/base?y', '/base/keep', '/base/keep/x?y', '/', '/other/x', '/?y'],
  ]);
});

test('a catch-all route keeps its base path, whatever the path', async () => {
  const stage = await setStage({ route: { prefix: '/', upstream: 'http://127.0.0.1:1/base' } });
  for (const target of ['/../x', '/%2e%2e/x', '//x', '/..%2fx', '/..', '/x/..%5c..', '/.;/x'])
    await stage.refuses(bytes('GET', target), 400, 'bad_request');
});

describe('a method that the route does not name is refused with those that it does', () => {
  test.each(['POST', 'DELETE', 'HEAD', 'OPTIONS', 'PROPFIND'])('%s', async (method) => {
    const stage = await setStage({ route: { methods: ['GET', 'PURGE'] } });
    if (method === 'HEAD') {
      const reply = await stage.proxy.call('/api/x', { method });
      expect([reply.status, reply.headers.allow]).toEqual([405, 'GET, PURGE']);
    } else {
      const reply = await stage.refuses(bytes(method, '/api/x'), 405, 'method_denied');
      expect(reply.get('allow')).toBe('GET, PURGE');
    }
    expect(stage.api.requests).toEqual([]);
    await stage.passes(bytes('GET', '/api/x'));
    await stage.passes(bytes('PURGE', '/api/x'));
  });
});

test('every other method passes on a route that names none', async () => {
  const stage = await setStage();
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE', 'PROPFIND', 'QUERY', 'M-SEARCH'];
  for (const method of methods) await stage.passes(bytes(method, '/api/x'));
  expect(stage.api.requests.map(({ method }) => method)).toEqual(methods);
});

test('a path that no pattern of the route matches is refused', async () => {
  const stage = await setStage({ route: { paths: ['/v1/**', '/health'] } });
  for (const target of ['/api', '/api/', '/api/v2/x', '/api/v1x', '/api/health/x', '/api/%761/x', '/api/x?/v1/'])
    await stage.refuses(bytes('GET', target), 403, 'path_denied');
  for (const target of ['/api/v1/', '/api/v1/a/b?c', '/api/health?x']) await stage.passes(bytes('GET', target));
});
