/** Where an API sends its clients, they get to by way of the proxy. */
import { expect, test } from 'vitest';
import { type Api, startApi, whenWhole } from '../support/api.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, startProxy } from '../support/proxy.ts';
import { ask, raw } from '../support/raw-replies.ts';

/** Every answer of the API has these fields. */
function pointing(api: Api, status: number, lines: readonly string[]): void {
  api.behave(whenWhole((_, response) => response.writeHead(status, [...lines]).end()));
}

async function scene(route: object = {}, credential: Readonly<Record<string, unknown>> = {}) {
  const provider = await startIdentityProvider();
  const api = await startApi();
  const proxy = await startProxy({
    credentials: { main: credentialFor(provider, credential) },
    routes: [{ prefix: '/api', upstream: `${api.url}/base`, credential: 'main', ...route }],
  });
  const get = (target: string) => ask(proxy.port, raw([`GET ${target} HTTP/1.1`, 'Host: localhost']));
  return { api, provider, get };
}

test.each([200, 201, 202, 301, 303, 307, 308])(
  'a Location within the base of the upstream, status %d',
  async (status) => {
    const { api, get } = await scene();
    pointing(api, status, ['Location', `${api.url}/base/v1/x?y#z`, 'Content-Location', `${api.url}/base/v1/x`]);
    const reply = await get('/api/v1');
    expect(reply.status).toBe(status);
    expect(reply.lines).toEqual(
      expect.arrayContaining(['Location: /api/v1/x?y#z', `Content-Location: ${api.url}/base/v1/x`]),
    );
    expect((await get(`${api.url}/base/v1`)).get('location')).toBe(`${api.url}/base/v1/x?y#z`);
  },
);

test('what it says leads to the same place, with a token, as often as an API redirects', async () => {
  const { api, provider, get } = await scene();
  for (const reference of ['/base/next', `${api.url}/base/next`, 'next', './next', '../base/next']) {
    for (const start of ['/api/a', `${api.url}/base/a`]) {
      pointing(api, 302, ['Location', reference]);
      const { hostname, pathname, port } = new URL(
        (await get(start)).get('location') ?? '',
        start.startsWith('/') ? `http://proxy.test${start}` : start,
      );
      api.behave(undefined);
      const next = hostname === 'proxy.test' ? pathname : `http://${hostname}:${port}${pathname}`;
      expect((await get(next)).status, `${start} → ${reference}`).toBe(200);
      expect(api.requests.at(-1)).toMatchObject({
        url: '/base/next',
        headers: { authorization: `Bearer ${provider.issued[0]}` },
      });
    }
  }
});

test('one that leads elsewhere is passed on as it is', async () => {
  const { api, get } = await scene();
  for (const reference of ['https://login.example.com/base', `${api.url}/other`, '/other', 'x?y#z']) {
    pointing(api, 302, ['Location', reference]);
    for (const target of ['/api/v1', `${api.url}/base/v1`]) expect((await get(target)).get('location')).toBe(reference);
  }
});

test('a token in the query is taken out as well', async () => {
  const { api, get } = await scene({}, { inject: { query: 'key' } });
  api.behave(whenWhole((request, response) => response.writeHead(307, { location: `${api.url}${request.url}` }).end()));
  expect((await get('/api/v1?a=b')).get('location')).toBe('/api/v1?a=b');
  expect((await get(`${api.url}/base/v1?a=b`)).get('location')).toBe(`${api.url}/base/v1?a=b`);
});

test('with stripPrefix: false the prefix is in it already', async () => {
  const { api, get } = await scene({ stripPrefix: false });
  pointing(api, 302, ['Location', `${api.url}/base/api/x`]);
  expect((await get('/api/v1')).get('location')).toBe('/api/x');
  pointing(api, 302, ['Location', `${api.url}/base/x`]);
  expect((await get('/api/v1')).get('location')).toBe(`${api.url}/base/x`);
});
