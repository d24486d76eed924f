/** Each grant as it comes in on the socket, field by field, and its token on the way to the API. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { CLIENT_ID, CLIENT_SECRET } from '../support/canary.ts';
import { MovedClock } from '../support/clock.ts';
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts';
import { startProxy } from '../support/proxy.ts';

type Spelt = Readonly<Record<string, unknown>>;

const { privateKey: key, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = String(key.export({ format: 'pem', type: 'pkcs8' }));

interface Asked {
  readonly provider: IdentityProvider;
  readonly clock: MovedClock;
  /** The body of each token request. */
  readonly forms: () => Readonly<Record<string, string>>[];
  readonly authorization: string | undefined;
}

/** One request through a whole proxy, which must reach the API with the token that was asked for. */
async function askWith(spelt: Spelt): Promise<Asked> {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const clock = new MovedClock();
  const routes = [{ prefix: '/api', upstream: api.url, credential: 'main' }];
  const proxy = await startProxy({ credentials: { main: { tokenUrl: provider.url, ...spelt } }, routes }, { clock });
  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(api.requests).toHaveLength(1);
  const forms = () => provider.requests.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
  return { provider, clock, forms, authorization: provider.requests[0]?.headers.authorization };
}

async function fileWith(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-grants-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'x'), content);
  return join(folder, 'x');
}

test('password: RFC 6749 §4.3.2', async () => {
  const user = { type: 'password', username: 'änne', password: 'canary pass+word&' };
  const { forms, authorization } = await askWith({
    ...{ ...user, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, scope: ['a', 'b'] },
  });

  expect(forms()).toEqual([{ grant_type: 'password', username: 'änne', password: 'canary pass+word&', scope: 'a b' }]);
  expect(authorization).toMatch(/^Basic /);
});

test('password: without a client, with other names, in JSON', async () => {
  const fields = { username: 'user', password: 'pass', grantType: null };
  const { provider, authorization } = await askWith({
    ...{
      type: 'password',
      username: 'u',
      passwordFile: await fileWith('canary-p\n'),
      request: { format: 'json', fields },
    },
  });

  expect(JSON.parse(provider.requests[0]?.body ?? '')).toEqual({ user: 'u', pass: 'canary-p' });
  expect(authorization).toBeUndefined();
});

test('refresh_token: RFC 6749 §6, as a public client', async () => {
  const refreshTokenFile = await fileWith('canary-refresh');
  const spelt = { type: 'refresh_token', clientId: CLIENT_ID, clientAuth: 'none', refreshTokenFile, scope: 'a' };
  const { forms, authorization } = await askWith(spelt);

  expect(forms()).toEqual([
    { grant_type: 'refresh_token', client_id: CLIENT_ID, refresh_token: 'canary-refresh', scope: 'a' },
  ]);
  expect(authorization).toBeUndefined();
});

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

test('jwt_bearer: RFC 7523 §2.1, an assertion that is signed here and lives a minute', async () => {
  const claims = {
    iss: 'me@example.com',
    sub: 'user@example.com',
    scope: 'a b',
    tenants: ['x', 'y'],
    level: 3,
    test: true,
  };
  const { provider, clock, forms } = await askWith({ type: 'jwt_bearer', privateKey: pem, keyId: 'k1', claims });
  const [form] = forms();
  const nowS = Math.floor(clock.wallMs() / 1000);
  const currentDate = new Date(clock.wallMs());
  const { payload, protectedHeader } = await jwtVerify(
    form?.['assertion'] ?? '',
    createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })),
    { currentDate },
  );

  expect(form).toEqual({ grant_type: JWT_BEARER, assertion: expect.any(String) });
  expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'k1' });
  expect(payload).toEqual({ ...claims, aud: provider.url, iat: nowS, exp: nowS + 60, jti: expect.any(String) });
});

test('jwt_bearer: who signs is the client, if nothing else is said, and the audience can be another', async () => {
  const spelt = { type: 'jwt_bearer', clientId: CLIENT_ID, clientAuth: 'none', privateKey: pem, algorithm: 'PS384' };
  const { forms } = await askWith({ ...spelt, scope: 'a', claims: { aud: 'https://issuer.example.com' } });
  const [form] = forms();

  expect(form).toMatchObject({ client_id: CLIENT_ID, scope: 'a' });
  expect(decodeProtectedHeader(form?.['assertion'] ?? '')).toEqual({ alg: 'PS384', typ: 'JWT' });
  expect(decodeJwt(form?.['assertion'] ?? '')).toMatchObject({ iss: CLIENT_ID, aud: 'https://issuer.example.com' });
});

test("jwt_bearer: one key for the grant's assertion and the client's", async () => {
  const spelt = { type: 'jwt_bearer', clientId: CLIENT_ID, clientAuth: 'private_key_jwt', privateKey: pem };
  const [form] = (await askWith({ ...spelt, claims: { sub: 'user' } })).forms();
  const [mine, grant] = [form?.['client_assertion'] ?? '', form?.['assertion'] ?? ''].map(decodeJwt);

  expect(mine).toMatchObject({ iss: CLIENT_ID, sub: CLIENT_ID });
  expect(grant).toMatchObject({ iss: CLIENT_ID, sub: 'user' });
  expect(mine?.jti).not.toBe(grant?.jti);
});

test('jwt_bearer: an assertion that somebody else signed is read anew for each token request', async () => {
  const assertionFile = await fileWith('one.two.three\n');
  const { forms } = await askWith({ type: 'jwt_bearer', assertionFile });

  expect(forms()).toEqual([{ grant_type: JWT_BEARER, assertion: 'one.two.three' }]);
});

test('jwt_bearer: a service account’s key file says who, with what and where; its scope is a claim', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const account = { type: 'service_account', client_email: 'robot@project.example.com', private_key_id: 'k7' };
  const serviceAccountFile = await fileWith(JSON.stringify({ ...account, private_key: pem, token_uri: provider.url }));
  const main = { type: 'jwt_bearer', serviceAccountFile, scope: ['a', 'b'] };
  const proxy = await startProxy({
    credentials: { main },
    routes: [{ prefix: '/api', upstream: api.url, credential: 'main' }],
  });
  expect((await proxy.call('/api/x')).status).toBe(200);
  const form = Object.fromEntries(new URLSearchParams(provider.requests[0]?.body));

  expect(Object.keys(form)).toEqual(['grant_type', 'assertion']);
  expect(decodeProtectedHeader(form['assertion'] ?? '')).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'k7' });
  expect(decodeJwt(form['assertion'] ?? '')).toMatchObject({
    iss: account.client_email,
    scope: 'a b',
    aud: provider.url,
  });
});

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TYPE = 'urn:ietf:params:oauth:token-type';

test('token_exchange: RFC 8693 §2.1, with no more than it must have', async () => {
  const { forms, authorization } = await askWith({
    type: 'token_exchange',
    subjectTokenFile: await fileWith('a.b.c\n'),
  });

  expect(forms()).toEqual([{ grant_type: EXCHANGE, subject_token: 'a.b.c', subject_token_type: `${TYPE}:jwt` }]);
  expect(authorization).toBeUndefined();
});

test('token_exchange: everything, several of what may be several', async () => {
  const { provider } = await askWith({
    type: 'token_exchange',
    ...{ clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, scope: 'a b' },
    ...{ subjectToken: 'canary-subject', subjectTokenType: 'id_token' },
    ...{ actorToken: 'canary-actor', actorTokenType: 'https://types.example.com/badge' },
    ...{ requestedTokenType: 'access_token', audience: ['x', 'y'] },
    resource: ['https://a.example.com', 'urn:b'],
  });
  const { body, headers } = provider.requests[0] ?? {};

  expect([...new URLSearchParams(body)]).toEqual([
    ['grant_type', EXCHANGE],
    ['subject_token', 'canary-subject'],
    ['subject_token_type', `${TYPE}:id_token`],
    ['actor_token', 'canary-actor'],
    ['actor_token_type', 'https://types.example.com/badge'],
    ['requested_token_type', `${TYPE}:access_token`],
    ['scope', 'a b'],
    ['audience', 'x'],
    ['audience', 'y'],
    ['resource', 'https://a.example.com'],
    ['resource', 'urn:b'],
  ]);
  expect(headers?.authorization).toMatch(/^Basic /);
});

test.each([
  ['token_exchange', { subjectToken: 'canary-subject' }, 200],
  ['password', { username: 'u', password: 'p' }, 502],
])('%s: a token of type N_A, which is no access token (RFC 8693 §2.2.1): %j → %d', async (type, spelt, status) => {
  const provider = await startIdentityProvider();
  provider.answerAlways({
    body: { access_token: 'canary-token-na', token_type: 'N_A', issued_token_type: `${TYPE}:jwt` },
  });
  const api = await startApi();
  const main = { type, tokenUrl: provider.url, ...spelt };
  const routes = [{ prefix: '/api', upstream: api.url, credential: 'main' }];
  const proxy = await startProxy({ credentials: { main }, routes });

  expect((await proxy.call('/api/x')).status).toBe(status);
});
