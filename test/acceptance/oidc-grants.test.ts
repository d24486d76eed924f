/** Discovery, scopes, resources, revocation and refusals, against a certified server that nobody here wrote. */
import { expect, test } from 'vitest';
import { ASCII_SECRET, CLIENT_ID } from '../support/canary.ts';
import { selfSigned } from '../support/certificate.ts';
import { type OidcServerOptions, RESOURCE, startOidcServer, startProtectedApi } from '../support/oidc-server.ts';
import { startProxy } from '../support/proxy.ts';

const client = {
  client_id: CLIENT_ID,
  client_secret: ASCII_SECRET,
  token_endpoint_auth_method: 'client_secret_post',
  scope: 'openid offline_access orders users',
};

/** A whole proxy before that server, and an API that asks it about tokens. */
async function begin(credential: Readonly<Record<string, unknown>>, more: Partial<OidcServerOptions> = {}) {
  const server = await startOidcServer({ client, ...more });
  const api = await startProtectedApi(server);
  const start = (others: Readonly<Record<string, unknown>>) => {
    const main = { clientId: CLIENT_ID, clientSecret: ASCII_SECRET, clientAuth: 'post', ...credential, ...others };
    return startProxy({ credentials: { main }, routes: [{ prefix: '/api', upstream: api.url, credential: 'main' }] });
  };
  return { server, api, start };
}

test('with issuer its token endpoint is found, and found once', async () => {
  const { server, api, start } = await begin({});
  const proxy = await start({ issuer: server.issuer });
  expect((await proxy.call('/api/x')).status).toBe(200);
  const token = api.requests[0]?.headers.authorization?.slice(7) ?? '';
  await server.revoke(token);

  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(server.paths).toEqual([
    '/.well-known/oauth-authorization-server',
    ...(server.paths.includes('/.well-known/openid-configuration') ? ['/.well-known/openid-configuration'] : []),
    ...['/token', '/token/revocation', '/token'],
  ]);
});

test('with issuer and clientAuth tls, over TLS of its own', async () => {
  const [tls, mine] = [selfSigned(), selfSigned()];
  const registered = {
    client_id: CLIENT_ID,
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_san_ip: '127.0.0.1',
  };
  const { server, start } = await begin({}, { client: registered, tls, clientCa: mine.cert });
  const proxy = await start({
    issuer: server.issuer,
    clientAuth: 'tls',
    clientSecret: undefined,
    tls: { ca: tls.cert, ...mine },
  });

  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(server.errors).toEqual([]);
});

test('a token that was revoked is renewed once, and the client notices nothing', async () => {
  const { server, api, start } = await begin({});
  const proxy = await start({ tokenUrl: server.tokenUrl });
  await proxy.call('/api/x');
  expect(await server.revoke(api.requests[0]?.headers.authorization?.slice(7) ?? '')).toBe(200);

  const reply = await proxy.call('/api/x');
  expect([reply.status, reply.headers['bearerway-retry']]).toEqual([200, 'done']);
  expect(server.tokenRequests).toBe(2);
});

test('scope is what the token gets', async () => {
  const { server, start } = await begin({ scope: ['orders', 'users'] });
  const proxy = await start({ tokenUrl: server.tokenUrl });

  expect((await proxy.call('/api/x')).json()).toMatchObject({ scope: 'orders users' });
});

test('resource is whom the token is for (RFC 8707)', async () => {
  const { server, start } = await begin({ scope: 'orders', resource: RESOURCE });
  const proxy = await start({ tokenUrl: server.tokenUrl });

  expect((await proxy.call('/api/x')).json()).toMatchObject({ audience: RESOURCE, scope: 'orders' });
});

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ['a wrong secret', { clientSecret: 'canary-secret-of-another' }, 'invalid_client'],
  ['a client that it does not know', { clientId: 'nobody' }, 'invalid_client'],
  ['a scope that it does not give', { scope: 'admin' }, 'invalid_scope'],
  ['a resource that it does not know', { resource: 'https://elsewhere.example' }, 'invalid_target'],
  ['a grant that the client may not use', { type: 'password', username: 'u', password: 'p' }, 'grant'],
])('%s is token_refused, with the word it has for it', async (_, credential, error) => {
  const { server, api, start } = await begin(credential);
  const proxy = await start({ tokenUrl: server.tokenUrl });
  const reply = await proxy.call('/api/x');

  expect([reply.status, reply.json()['code']]).toEqual([502, 'token_refused']);
  expect(reply.json()['detail']).toContain(error);
  expect([server.tokenRequests, api.requests.length]).toEqual([1, 0]);
});
