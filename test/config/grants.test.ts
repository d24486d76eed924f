/** Grants that lack something, or say it twice, are told when the config is read. */
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { faultsOf } from './reading.ts';

type Spelt = Readonly<Record<string, unknown>>;

function faultsWith(credential: Spelt, file = 'proxy.yaml'): string[] {
  const main = { tokenUrl: 'https://id.example.com/token', ...credential };
  const routes = [{ prefix: '/a', upstream: 'https://a.example', credential: 'main' }];
  return faultsOf(stringify({ credentials: { main }, routes }), {}, file);
}

/** One fault, at that place below the credential. */
function expectFault(credential: Spelt, message: string, file?: string): void {
  const faults = faultsWith(credential, file);
  expect(faults[0]).toContain(`credentials.main.${message}`);
  expect(faults).toHaveLength(1);
}

const privateKey = String(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
);
const rsaKey = String(
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
);
const user = { type: 'password', username: 'u', password: 'p' };
const exchange = { type: 'token_exchange', subjectToken: 's' };
const bearer = { type: 'jwt_bearer', privateKey, claims: { iss: 'me' } };
const whole = { type: 'jwt_bearer', assertion: 'a.b.c' };

test.each<[string, Spelt]>([
  ['password', user],
  ['password of a public client', { ...user, clientId: 'a', clientAuth: 'none' }],
  ['token_exchange', exchange],
  ['token_exchange with an actor', { ...exchange, actorToken: 'x', actorTokenType: 'jwt' }],
  ['jwt_bearer that is signed here', bearer],
  ['jwt_bearer of a client', { type: 'jwt_bearer', privateKey, clientId: 'a', clientAuth: 'none' }],
  ['jwt_bearer with a whole assertion', whole],
  [
    'jwt_bearer with a whole assertion and a key of the client',
    { ...whole, clientId: 'a', clientAuth: 'private_key_jwt', privateKey },
  ],
])('%s is right', (_, credential) => {
  expect(faultsWith(credential)).toEqual([]);
});

test.each<[string, Spelt, string]>([
  ['no endpoint', { ...user, tokenUrl: undefined }, 'tokenUrl: is required (or an issuer)'],
  ['no user', { ...user, username: undefined }, 'username: is required'],
  ['no password', { ...user, password: undefined }, 'password: is required (or passwordFile)'],
  ['a password without a user’s name', { ...user, username: '' }, 'username: is empty'],
  [
    'a secret of nobody',
    { ...user, clientSecret: 'b' },
    'clientId: is required (whose secret, key or certificate is it?)',
  ],
  ['a style of nobody', { ...user, clientAuth: 'post' }, 'clientId: is required'],
  ['an encoding of nobody', { ...user, basicEncoding: 'raw' }, 'clientId: is required'],
  ['a client without its secret', { ...user, clientId: 'a' }, 'clientSecret: is required (or clientSecretFile)'],
  [
    'a public client with a secret',
    { ...user, clientId: 'a', clientAuth: 'none', clientSecret: 'b' },
    'clientSecret: is for clientAuth: basic',
  ],
  [
    'a provider, which is for another kind',
    { ...user, provider: 'nitro' },
    'provider: is for type: client_credentials',
  ],
  [
    'a resource that is no URI',
    { ...user, resource: 'crm' },
    'resource: is not a resource (an absolute URI without a fragment, RFC 8707 §2)',
  ],
  ['a resource with a fragment', { ...user, resource: ['https://a.example/#b'] }, 'resource[0]: is not a resource'],
  [
    'a refresh token that could not be kept',
    { type: 'refresh_token', refreshToken: 'r' },
    'refreshToken: has no place where its successor could be kept, should the server rotate it (refreshTokenFile, or tokenStore.redis, would be right)',
  ],
  ['no refresh token', { type: 'refresh_token' }, 'refreshToken: is required (or refreshTokenFile)'],
  ['no subject', { type: 'token_exchange' }, 'subjectToken: is required (or subjectTokenFile)'],
  ['an actor without a type', { ...exchange, actorToken: 'x' }, 'actorTokenType: goes with actorToken'],
  ['a type without an actor', { ...exchange, actorTokenType: 'jwt' }, 'actorTokenType: goes with actorToken'],
  [
    'a type that is none',
    { ...exchange, subjectTokenType: 'bearer' },
    'subjectTokenType: is no type of token (access_token, ',
  ],
  [
    'nothing to sign with',
    { type: 'jwt_bearer' },
    'privateKey: is required (or privateKeyFile, serviceAccountFile, or a whole assertion)',
  ],
  ['nobody who signs', { type: 'jwt_bearer', privateKey }, 'claims.iss: is required (who signs; or a clientId)'],
  ['a key that is none', { ...bearer, privateKey: 'canary-no-key' }, 'privateKey: is no private key'],
  ['a key for another algorithm', { ...bearer, algorithm: 'RS256' }, 'privateKey: is a key that does not sign'],
  [
    'claims of a whole assertion',
    { ...whole, claims: { iss: 'me' } },
    'claims: is for an assertion that is signed here',
  ],
  ['a key beside a whole assertion', { ...whole, privateKey }, 'privateKey: is for clientAuth: private_key_jwt'],
  [
    'a claim that is made anew',
    { ...bearer, claims: { iss: 'me', exp: 5 } },
    'claims.exp: is made anew for each assertion',
  ],
  ['an iss that is no text', { ...bearer, claims: { iss: 5 } }, 'claims.iss: is not text'],
  [
    'a claim of a kind that there is not',
    { ...bearer, claims: { iss: 'me', x: { y: 1 } } },
    'claims.x: is not a claim',
  ],
  ['claims that are none', { ...bearer, claims: [] }, 'claims: is not a group of claims'],
])('%s is a fault', (_, credential, message) => {
  expectFault(credential, message);
});

test('a refresh token in a folder that cannot be written to is a fault: its successor would be lost', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-refresh-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'token'), 'canary');
  const spelt = { type: 'refresh_token', refreshTokenFile: 'token' };
  expect(faultsWith(spelt, join(folder, 'proxy.yaml'))).toEqual([]);

  await chmod(folder, 0o500);
  // To root every folder can be written to but those of the kernel.
  const refreshTokenFile = process.getuid?.() === 0 ? '/proc/self/status' : join(folder, 'token');
  expectFault({ ...spelt, refreshTokenFile }, 'refreshTokenFile: is in a folder that cannot be written to');
  await chmod(folder, 0o700);
});

describe('the key file of a service account is looked at', () => {
  const account = {
    client_email: 'robot@project.example.com',
    private_key: rsaKey,
    token_uri: 'https://id.example.com/t',
  };

  async function fileWith(content: unknown): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'bearerway-account-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'key.json'), typeof content === 'string' ? content : JSON.stringify(content));
    return join(folder, 'proxy.yaml');
  }
  const spelt = { type: 'jwt_bearer', serviceAccountFile: 'key.json', tokenUrl: undefined };

  test('it says where to ask, unless the config does', async () => {
    const file = await fileWith(account);
    expect(faultsWith(spelt, file)).toEqual([]);
    expect(faultsWith({ ...spelt, tokenUrl: 'https://other.example.com/t' }, file)).toEqual([]);
    expect(faultsWith({ ...spelt, issuer: 'https://other.example.com' }, file)).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ['no JSON', 'canary', 'serviceAccountFile: names a file that is not JSON'],
    ['null', 'null', 'serviceAccountFile: names a file that is no key file of a service account'],
    [
      'a user’s own',
      { type: 'authorized_user' },
      'serviceAccountFile: names a file that is no key file of a service account',
    ],
    [
      'another key',
      { ...account, private_key: privateKey },
      'serviceAccountFile: names a file that is a key that does not sign',
    ],
    [
      'no endpoint',
      { ...account, token_uri: undefined },
      'tokenUrl: is required (the service account names no token endpoint with https)',
    ],
    [
      'an unsafe endpoint',
      { ...account, token_uri: 'http://id.example.com/t' },
      'tokenUrl: is required (the service account',
    ],
  ])('%s', async (_, content, message) => {
    expectFault(spelt, message, await fileWith(content));
  });

  test('beside another thing to sign with', async () => {
    const file = await fileWith(account);
    expectFault({ ...spelt, assertion: 'a.b.c' }, 'serviceAccountFile: stands beside assertion', file);
    const faults = faultsWith({ ...spelt, privateKey }, file);
    expect(faults.join('\n')).toContain('serviceAccountFile: stands beside privateKey');
  });
});
