/** Client authentication that contradicts itself, or that could not work, is told when the config is read. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { selfSigned } from '../support/certificate.ts';
import { faultsOf } from './reading.ts';

type Spelt = Readonly<Record<string, unknown>>;

function faultsWith(credential: Spelt, file = 'proxy.yaml'): string[] {
  const main = { tokenUrl: 'https://id.example.com/token', clientId: 'a', ...credential };
  const routes = [{ prefix: '/a', upstream: 'https://a.example', credential: 'main' }];
  return faultsOf(stringify({ credentials: { main }, routes }), {}, file);
}

const pem = (pair: ReturnType<typeof generateKeyPairSync>): string => {
  const { privateKey } = pair as { privateKey: { export(as: { format: 'pem'; type: 'pkcs8' }): string | Buffer } };
  return String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
};
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsaPem = String(rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }));
const rsaJwk = rsa.privateKey.export({ format: 'jwk' });
const ecPem = String(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
);
const { cert, key } = selfSigned();
const keyed = { clientAuth: 'private_key_jwt', privateKey: rsaPem };

test.each<[string, Spelt]>([
  ['basic', { clientSecret: 'b' }],
  ['post', { clientAuth: 'post', clientSecret: 'b' }],
  ['a colon in the id', { clientId: 'a:b', clientSecret: 'c' }],
  ['client_secret_jwt', { clientAuth: 'client_secret_jwt', clientSecret: 'b', algorithm: 'HS512' }],
  ['private_key_jwt', { ...keyed, keyId: 'k', algorithm: 'PS256', clientAssertionAudience: 'https://id.example.com' }],
  ['private_key_jwt with a JWK', { ...keyed, privateKey: JSON.stringify(rsaJwk) }],
  ['tls', { clientAuth: 'tls', tls: { cert, key } }],
  ['a preset in another style', { tokenUrl: undefined, provider: 'podero', ...keyed }],
])('%s is right', (_, credential) => {
  expect(faultsWith(credential)).toEqual([]);
});

test.each<[string, Spelt, string]>([
  [
    'an unknown style',
    { clientAuth: 'privat_key_jwt', clientSecret: 'b' },
    'clientAuth: is none of the words known here (did you mean "private_key_jwt"?)',
  ],
  ['none, of one that keeps secrets', { clientAuth: 'none' }, 'clientAuth: is none of the words known here'],
  ['basic without a secret', {}, 'clientSecret: is required (or clientSecretFile)'],
  [
    'client_secret_jwt without one',
    { clientAuth: 'client_secret_jwt' },
    'clientSecret: is required (or clientSecretFile)',
  ],
  ['private_key_jwt without a key', { clientAuth: 'private_key_jwt' }, 'privateKey: is required (or privateKeyFile)'],
  [
    'private_key_jwt with a secret',
    { ...keyed, clientSecret: 'b' },
    'clientSecret: is for clientAuth: basic, post, client_secret_jwt',
  ],
  [
    'a colon in the id of bare Basic',
    { clientId: 'a:b', clientSecret: 'c', basicEncoding: 'raw' },
    'clientId: has a ":", where the secret would begin (basicEncoding: form encodes it)',
  ],
  ['tls without a certificate', { clientAuth: 'tls' }, 'tls: needs cert and key for clientAuth: tls'],
  [
    'tls with a secret',
    { clientAuth: 'tls', clientSecret: 'b', tls: { cert, key } },
    'clientSecret: is for clientAuth: basic',
  ],
  [
    'tls with a key',
    { clientAuth: 'tls', privateKey: rsaPem, tls: { cert, key } },
    'privateKey: is for clientAuth: private_key_jwt',
  ],
  ['basic with a key', { clientSecret: 'b', privateKey: rsaPem }, 'privateKey: is for clientAuth: private_key_jwt'],
  ['basic with a key id', { clientSecret: 'b', keyId: 'k' }, 'keyId: is for clientAuth: private_key_jwt'],
  [
    'basic with an algorithm',
    { clientSecret: 'b', algorithm: 'RS256' },
    'algorithm: is for clientAuth: client_secret_jwt, private_key_jwt',
  ],
  [
    'basic with an audience of assertions',
    { clientSecret: 'b', clientAssertionAudience: 'x' },
    'clientAssertionAudience: is for clientAuth: client_secret_jwt, private_key_jwt',
  ],
  ['an encoding without Basic', { ...keyed, basicEncoding: 'raw' }, 'basicEncoding: is for clientAuth: basic'],
  [
    'a secret with an algorithm for keys',
    { clientAuth: 'client_secret_jwt', clientSecret: 'b', algorithm: 'RS256' },
    'algorithm: is for a private key',
  ],
  [
    'a key with an algorithm for secrets',
    { ...keyed, algorithm: 'HS256' },
    'privateKey: is a key that does not sign with the algorithm it is for (RS256, ',
  ],
  [
    'a key with the algorithm of another kind',
    { ...keyed, privateKey: ecPem, algorithm: 'RS256' },
    'privateKey: is a key that does not sign with the algorithm it is for (ES256 would be right)',
  ],
  ['an unknown algorithm', { ...keyed, algorithm: 'RS265' }, 'algorithm: is none of the words known here'],
  [
    'an issuer beside tokenUrl',
    { clientSecret: 'b', issuer: 'https://id.example.com' },
    'issuer: stands beside tokenUrl',
  ],
  ['no endpoint', { clientSecret: 'b', tokenUrl: undefined }, 'tokenUrl: is required (or an issuer, or a provider)'],
])('%s is a fault', (_, credential, message) => {
  const faults = faultsWith(credential);
  expect(faults[0]).toContain(`credentials.main.${message}`);
  expect(faults).toHaveLength(1);
});

test.each([
  ['http://id.example.com', 'is plain http to another machine'],
  ['https://id.example.com/?a=b', 'has a query, which an issuer cannot have'],
  ['https://id.example.com/#a', 'is not an address'],
  ['id.example.com', 'is not an address'],
])('%s is no issuer', (issuer, message) => {
  expect(faultsWith({ tokenUrl: undefined, issuer, clientSecret: 'b' })).toEqual([
    expect.stringContaining(`credentials.main.issuer: ${message}`),
  ]);
});

describe('a private key is looked at', () => {
  const encrypted = rsa.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' });
  const { d: _, ...publicJwk } = rsaJwk;

  test.each<[string, string, string]>([
    ['a word', 'canary-no-key', 'is no private key: neither PEM'],
    ['a public key', String(rsa.publicKey.export({ format: 'pem', type: 'spki' })), 'is no private key: neither PEM'],
    ['one with a passphrase', String(encrypted), 'is a private key with a passphrase'],
    ['a small one', pem(generateKeyPairSync('rsa', { modulusLength: 1024 })), 'is an RSA key of fewer than 2048 bits'],
    [
      'one of another curve',
      pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })),
      'is a key of a kind that signs no JWT here',
    ],
    ['one that agrees on keys', pem(generateKeyPairSync('x25519')), 'is a key of a kind that signs no JWT here'],
    ['half of JSON', '{"kty":', 'is neither PEM nor JSON'],
    ['a set of JWKs', JSON.stringify({ keys: [rsaJwk] }), 'is a set of JWKs'],
    ['a public JWK', JSON.stringify(publicJwk), 'is no private key as a JWK'],
    ['a JWK for encryption', JSON.stringify({ ...rsaJwk, use: 'enc' }), 'is a JWK that is not for signatures'],
    [
      'a JWK for another algorithm',
      JSON.stringify({ ...rsaJwk, alg: 'RSA-OAEP' }),
      'is a key that does not sign with the algorithm',
    ],
  ])('%s', async (_, content, message) => {
    const folder = await mkdtemp(join(tmpdir(), 'bearerway-key-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'key'), content);
    const inFile = { clientAuth: 'private_key_jwt', privateKeyFile: 'key' };

    expect(faultsWith({ ...keyed, privateKey: content })).toEqual([
      expect.stringContaining(`credentials.main.privateKey: ${message}`),
    ]);
    const faults = faultsWith(inFile, join(folder, 'proxy.yaml'));
    expect(faults).toEqual([expect.stringContaining(`credentials.main.privateKeyFile: names a file that ${message}`)]);
    expect(faults.join()).not.toContain(content.slice(0, 20));
  });
});
