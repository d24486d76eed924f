import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { TOKEN_PREFIX } from '../support/canary.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, startProxy } from '../support/proxy.ts';

const TOKEN = `${TOKEN_PREFIX}1`;

/** A proxy that puts its token there, and an API that takes anything and keeps it. */
async function begin(inject: Readonly<Record<string, unknown>> | undefined, given: unknown = undefined) {
  const provider = await startIdentityProvider();
  if (given !== undefined) provider.answerAlways({ body: { access_token: given } });
  const api = await startApi();
  const proxy = await startProxy({
    credentials: { main: credentialFor(provider, { inject }) },
    routes: [{ prefix: '/api', upstream: `${api.url}/base`, credential: 'main' }],
  });
  /** The request as the API saw it: its target, and its fields of those names in lower case. */
  return async (target: string, headers: readonly string[], names: readonly string[]) => {
    expect((await proxy.call(target, { headers })).status).toBe(200);
    const seen = api.requests.at(-1);
    const lines = seen?.rawHeaders ?? [];
    const fields: string[] = [];
    for (let i = 0; i < lines.length; i += 2) {
      if (names.includes(String(lines[i]).toLowerCase())) fields.push(`${lines[i]}: ${lines[i + 1]}`);
    }
    return { url: seen?.url, fields };
  };
}

const clientsOwn = [
  ...['Authorization', 'Bearer mine', 'AUTHORIZATION', 'Basic eDp5'],
  ...['X-Api-Key', 'mine', 'x_api_key', 'mine', 'X_Api-Key', 'mine'],
];
const twins = ['authorization', 'x-api-key', 'x_api_key', 'x_api-key'];
const others = ['X-Api-Key: mine', 'x_api_key: mine', 'X_Api-Key: mine'];

test.each<[string, Readonly<Record<string, unknown>> | undefined, readonly string[]]>([
  ['by default', undefined, [...others, `Authorization: Bearer ${TOKEN}`]],
  ['with a scheme', { scheme: 'Token' }, [...others, `Authorization: Token ${TOKEN}`]],
  ['without a scheme', { scheme: '' }, [...others, `Authorization: ${TOKEN}`]],
  ['in another field', { header: 'X-Api-Key' }, ['Authorization', 'AUTHORIZATION']],
])('%s the token stands in its field, once, and nothing of the client’s beside it', async (_, inject, expected) => {
  const call = await begin(inject);
  const { fields } = await call('/api/x', clientsOwn, twins);

  if (inject?.['header'] === undefined) expect(fields).toEqual(expected);
  else {
    expect(fields.filter((line) => /^x[_-]/i.test(line))).toEqual([`X-Api-Key: Bearer ${TOKEN}`]);
    expect(fields.map((line) => line.split(':')[0])).toEqual(expect.arrayContaining([...expected]));
  }
});

test('in another field without a scheme: the bare token', async () => {
  const call = await begin({ header: 'X-Api-Key', scheme: '' });

  expect((await call('/api/x', clientsOwn, twins.slice(1))).fields).toEqual([`X-Api-Key: ${TOKEN}`]);
});

test.each([
  ['/api/x', ''],
  ['/api/x?', ''],
  ['/api/x?a=1&b=%2F', 'a=1&b=%2F&'],
  ['/api/x?access_token=mine', ''],
  ['/api/x?a=1&access_token=mine&b=2&access_token', 'a=1&b=2&'],
  ['/api/x?access%5Ftoken=mine', ''],
  ['/api/x?%61ccess%5ftoken=mine&a=1', 'a=1&'],
  ['/api/x?access_tokens=1', 'access_tokens=1&'],
  ['/api/x?a=access_token=1', 'a=access_token=1&'],
])('in the query: %s', async (target, kept) => {
  const call = await begin({ query: 'access_token' });
  const { url, fields } = await call(target, ['Authorization', 'Bearer mine'], ['authorization']);

  expect(url).toBe(`/base/x?${kept}access_token=${TOKEN}`);
  expect(fields).toEqual(['Authorization: Bearer mine']);
});

test('a token and a parameter name are encoded for the query', async () => {
  const call = await begin({ query: 'the key' }, `${TOKEN_PREFIX}a+b/c=&d#e`);

  expect((await call('/api/x?the+key=1&the%20key=2', [], [])).url).toBe(
    `/base/x?the%20key=${TOKEN_PREFIX}a%2Bb%2Fc%3D%26d%23e`,
  );
});

test('a token as it came: no character of it is changed in a field', async () => {
  const odd = `${TOKEN_PREFIX}!"#$%&'()*+,-./:;<=>?@[\\]^_\`{|}~`;
  const call = await begin(undefined, odd);

  expect((await call('/api/x', [], ['authorization'])).fields).toEqual([`Authorization: Bearer ${odd}`]);
});

test('a route without a credential passes the client’s own on', async () => {
  const api = await startApi();
  const proxy = await startProxy({ routes: [{ prefix: '/', upstream: api.url }] });
  await proxy.call('/x?access_token=mine', { headers: { Authorization: 'Bearer mine' } });

  expect(api.requests[0]?.headers.authorization).toBe('Bearer mine');
  expect(api.requests[0]?.url).toBe('/x?access_token=mine');
});

test('a token in the query does not come back in a redirect that keeps the query', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi();
  api.behave((request, response) => {
    const to = String(request.url).replace('?', '/?');
    response.writeHead(301, { Location: to, 'Content-Location': `http://api.test${to}#top` }).end();
  });
  const proxy = await startProxy({
    credentials: { main: credentialFor(provider, { inject: { query: 'access_token' } }) },
    routes: [{ prefix: '/', upstream: api.url, credential: 'main' }],
  });
  const { status, headers } = await proxy.call('/x?a=%2f&b');

  expect(status).toBe(301);
  expect(headers).toMatchObject({ location: '/x/?a=%2f&b', 'content-location': 'http://api.test/x/?a=%2f&b#top' });
});
