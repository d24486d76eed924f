import { expect, test } from 'vitest';
import { identityOf } from '../../../src/auth/store/identity.ts';
import { read } from '../../config/reading.ts';
import { CLIENT_SECRET } from '../../support/canary.ts';
import { selfSigned } from '../../support/certificate.ts';
import { OTHER_STORE_KEY, STORE_KEY } from '../../support/store-keys.ts';

const key = Buffer.from(STORE_KEY, 'base64');
const otherKey = Buffer.from(OTHER_STORE_KEY, 'base64');
const usual = {
  tokenUrl: 'https://id.example.com/token',
  clientId: 'abc',
  clientSecret: CLIENT_SECRET,
  scope: ['a', 'b'],
};

/** Of a credential as the config spells it. */
function identity(given: Readonly<Record<string, unknown>>, encryptionKey = key): Promise<string> {
  const routes = [{ prefix: '/a', upstream: 'https://api.example.com' }];
  const credential = read(JSON.stringify({ credentials: { main: given }, routes })).credentials['main'];
  if (credential === undefined) throw new Error('unreachable: it has just been named');
  return identityOf(credential, encryptionKey);
}

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['another token URL', { tokenUrl: 'https://id.example.com/other' }],
  ['another client', { clientId: 'abd' }],
  ['another way to authenticate', { clientAuth: 'post' }],
  ['another scope', { scope: ['a'] }],
  ['an audience', { audience: 'x' }],
  ['a resource', { resource: ['https://api.example.com'] }],
  ['another parameter', { request: { params: { tenant: 'x' } } }],
  ['another header', { request: { headers: { 'x-tenant': 'x' } } }],
  ['another query', { request: { query: { tenant: 'x' } } }],
  ['another member of the answer', { response: { accessToken: 'id_token' } }],
  ['another longest life', { lifetime: { max: '1h' } }],
  ['another type', { type: 'password', username: 'u', password: 'p' }],
  ['another user', { type: 'password', username: 'v', password: 'p' }],
  ['another client certificate', { tls: selfSigned() }],
  ['another assertion', { type: 'jwt_bearer', assertion: 'canary-assertion-1' }],
  ['yet another assertion', { type: 'jwt_bearer', assertion: 'canary-assertion-2' }],
])('L13 another token has another name: %s', async (_, more) => {
  const names = new Set<string>();
  for (const given of [usual, { ...usual, ...more }]) names.add(await identity(given));
  expect(names.size).toBe(2);
});

test('each of the assertions has its own name', async () => {
  const [a, b] = ['1', '2'].map((end) =>
    identity({ ...usual, type: 'jwt_bearer', assertion: `canary-assertion-${end}` }),
  );
  expect(await a).not.toBe(await b);
});

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['a secret that was rotated on one machine only', { clientSecret: 'canary-rotated' }],
  ['another place on requests', { inject: { header: 'x-token' } }],
  ['readiness', { required: false }],
  ['a timeout', { request: { timeout: '5s' } }],
  ['a default spelt out', { clientAuth: 'basic', request: {} }],
  ['the scope as one text', { scope: 'a b' }],
  ['an authority for TLS', { tls: { ca: selfSigned().cert } }],
])('the same token has the same name: %s', async (_, more) => {
  expect(await identity({ ...usual, ...more })).toBe(await identity(usual));
});

test('neither the order of keys nor the encryption key makes another name', async () => {
  expect(await identity(Object.fromEntries(Object.entries(usual).toReversed()))).toBe(await identity(usual));
  expect(await identity(usual, otherKey)).toBe(await identity(usual));
});

test('what may be a secret cannot be guessed from the name without the encryption key', async () => {
  for (const more of [
    { request: { params: { password: 'canary' } } },
    { request: { headers: { 'x-key': 'canary' } } },
    { type: 'jwt_bearer', assertion: 'canary' },
  ])
    expect(await identity({ ...usual, ...more }, otherKey)).not.toBe(await identity({ ...usual, ...more }));
});

test('a name is a hash and nothing else', async () => {
  expect(await identity(usual)).toMatch(/^[\w-]{43}$/);
});
