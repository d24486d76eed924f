/** Every way to authenticate a client, against a certified server that nobody here wrote. */
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { ASCII_SECRET, CLIENT_ID } from '../support/canary.ts';
import { selfSigned } from '../support/certificate.ts';
import { type OidcServerOptions, startOidcServer, startProtectedApi } from '../support/oidc-server.ts';
import { startProxy } from '../support/proxy.ts';

type Spelt = Readonly<Record<string, unknown>>;

/** One request through a whole proxy whose client is registered like that. */
async function callThrough(registered: Spelt, credential: Spelt, more: Partial<OidcServerOptions> = {}) {
  const server = await startOidcServer({ client: { client_id: CLIENT_ID, ...registered }, ...more });
  const api = await startProtectedApi(server);
  const proxy = await startProxy({
    credentials: { main: { tokenUrl: server.tokenUrl, clientId: CLIENT_ID, ...credential } },
    routes: [{ prefix: '/api', upstream: api.url, credential: 'main' }],
  });
  return { server, api, proxy, reply: await proxy.call('/api/x') };
}

/** It got a token with its first request, and the server found nothing wrong. */
async function expectAccepted(registered: Spelt, credential: Spelt, more: Partial<OidcServerOptions> = {}) {
  const { server, reply } = await callThrough(registered, credential, more);
  expect([server.errors, reply.status]).toEqual([[], 200]);
  expect(reply.json()).toMatchObject({ client: CLIENT_ID });
  expect(server.tokenRequests).toBe(1);
}

const withSecret = { client_secret: ASCII_SECRET };

test.each([
  ['basic', 'client_secret_basic'],
  ['post', 'client_secret_post'],
])('%s', async (clientAuth, method) => {
  await expectAccepted(
    { ...withSecret, token_endpoint_auth_method: method },
    { clientAuth, clientSecret: ASCII_SECRET },
  );
});

test('basic, in the way of servers that decode nothing, is no secret to one that does', async () => {
  const raw = { clientAuth: 'basic', basicEncoding: 'raw', clientSecret: ASCII_SECRET };
  const { reply } = await callThrough({ ...withSecret, token_endpoint_auth_method: 'client_secret_basic' }, raw);

  expect(reply.json()).toMatchObject({ code: 'token_refused', source: 'identity_provider' });
});

test.each([
  ['HS256', {}],
  ['HS384', { algorithm: 'HS384' }],
  ['HS512', { algorithm: 'HS512' }],
])('client_secret_jwt signs with %s', async (algorithm, more) => {
  const registered = { token_endpoint_auth_method: 'client_secret_jwt', token_endpoint_auth_signing_alg: algorithm };
  await expectAccepted(
    { ...withSecret, ...registered },
    { clientAuth: 'client_secret_jwt', clientSecret: ASCII_SECRET, ...more },
  );
});

interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}
const keyPairs: Readonly<Record<string, KeyPair>> = {
  RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'P-521': generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  Ed25519: generateKeyPairSync('ed25519'),
};

function pairOf(kind: string): KeyPair {
  const pair = keyPairs[kind];
  if (pair === undefined) throw new Error(`no key of kind ${kind}`);
  return pair;
}

function registeredKey(kind: string, algorithm: string): Spelt {
  const jwk = { ...pairOf(kind).publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: algorithm };
  return {
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: algorithm,
    jwks: { keys: [jwk] },
  };
}

function pemOf(kind: string): string {
  return String(pairOf(kind).privateKey.export({ format: 'pem', type: 'pkcs8' }));
}

test.each([
  ['RSA', 'RS256'],
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
  ['P-521', 'ES512'],
  ['Ed25519', 'EdDSA'],
])('private_key_jwt: a key of kind %s signs with %s without being told', async (kind, algorithm) => {
  const privateKey = pemOf(kind);
  await expectAccepted(registeredKey(kind, algorithm), { clientAuth: 'private_key_jwt', privateKey });
});

test.each(['RS384', 'RS512', 'PS256', 'PS384', 'PS512'])(
  'private_key_jwt: an RSA key signs with %s',
  async (algorithm) => {
    const credential = { clientAuth: 'private_key_jwt', privateKey: pemOf('RSA'), algorithm, keyId: 'one' };
    await expectAccepted(registeredKey('RSA', algorithm), credential);
  },
);

test.each([
  ['PEM as PKCS #1', () => String(pairOf('RSA').privateKey.export({ format: 'pem', type: 'pkcs1' }))],
  ['a JWK', () => JSON.stringify({ ...pairOf('RSA').privateKey.export({ format: 'jwk' }), kid: 'one', alg: 'PS256' })],
])('private_key_jwt: the key can be %s', async (_, privateKey) => {
  const key = privateKey();
  const algorithm = key.startsWith('{') ? 'PS256' : 'RS256';
  await expectAccepted(registeredKey('RSA', algorithm), { clientAuth: 'private_key_jwt', privateKey: key });
});

test('private_key_jwt: each assertion is new, as the server takes none twice', async () => {
  const credential = { clientAuth: 'private_key_jwt', privateKey: pemOf('RSA') };
  const { server, api, proxy } = await callThrough(registeredKey('RSA', 'RS256'), credential);
  const token = api.requests[0]?.headers.authorization?.replace('Bearer ', '') ?? '';
  await (await server.introspect(token))?.destroy();

  expect((await proxy.call('/api/y')).headers['bearerway-retry']).toBe('done');
  expect([server.errors, server.tokenRequests]).toEqual([[], 2]);
});

test('private_key_jwt: the audience may be the issuer', async () => {
  const server = await startOidcServer({ client: { client_id: CLIENT_ID, ...registeredKey('RSA', 'RS256') } });
  const api = await startProtectedApi(server);
  const main = {
    tokenUrl: server.tokenUrl,
    clientId: CLIENT_ID,
    clientAuth: 'private_key_jwt',
    privateKey: pemOf('RSA'),
  };
  const routes = [{ prefix: '/api', upstream: api.url, credential: 'main' }];
  const ask = async (clientAssertionAudience: string) => {
    const proxy = await startProxy({ credentials: { main: { ...main, clientAssertionAudience } }, routes });
    return (await proxy.call('/api/x')).status;
  };

  expect(await ask(server.issuer)).toBe(200);
  expect(await ask('https://elsewhere.example')).toBe(502);
});

test('private_key_jwt: the key of another is refused', async () => {
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    format: 'pem',
    type: 'pkcs8',
  });
  const { reply } = await callThrough(registeredKey('P-256', 'ES256'), {
    clientAuth: 'private_key_jwt',
    privateKey: String(stranger),
  });

  expect(reply.json()).toMatchObject({ code: 'token_refused' });
});

const serverIdentity = selfSigned();
const clientIdentity = selfSigned();

test('tls: a certificate that signed itself, known by its thumbprint (RFC 8705 §2.2)', async () => {
  const { publicKey, raw } = new X509Certificate(clientIdentity.cert);
  const jwk = { ...publicKey.export({ format: 'jwk' }), x5c: [raw.toString('base64')] };
  const registered = { token_endpoint_auth_method: 'self_signed_tls_client_auth', jwks: { keys: [jwk] } };
  const tls = { ca: serverIdentity.cert, ...clientIdentity };

  await expectAccepted(registered, { clientAuth: 'tls', tls }, { tls: serverIdentity });
  const { reply } = await callThrough(
    registered,
    { clientAuth: 'tls', tls: { ...tls, ...selfSigned() } },
    { tls: serverIdentity },
  );
  expect(reply.json()).toMatchObject({ code: 'token_refused' });
});

test('tls: a certificate that somebody vouches for, known by its subject (RFC 8705 §2.1)', async () => {
  const registered = { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_ip: '127.0.0.1' };
  const credential = { clientAuth: 'tls', tls: { ca: serverIdentity.cert, ...clientIdentity } };

  await expectAccepted(registered, credential, { tls: serverIdentity, clientCa: clientIdentity.cert });
  const { reply } = await callThrough(registered, credential, { tls: serverIdentity, clientCa: serverIdentity.cert });
  expect(reply.json()).toMatchObject({ code: 'token_refused' });
});

test('what the server refuses is not tried in another way', async () => {
  const { server, reply } = await callThrough(
    { ...withSecret, token_endpoint_auth_method: 'client_secret_post' },
    { clientAuth: 'basic', clientSecret: 'canary-secret-of-another' },
  );

  expect(reply.json()).toMatchObject({ code: 'token_refused' });
  expect(server.tokenRequests).toBe(1);
});
