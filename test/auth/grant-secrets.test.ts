/** The secrets of a grant are read anew for each token request, and none of them is told to anybody. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { CLIENT_ID, CLIENT_SECRET } from '../support/canary.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { startProxy } from '../support/proxy.ts';

type Spelt = Readonly<Record<string, unknown>>;

const jwk = (kid: string): string => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid });
};
const account = (email: string): string => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return JSON.stringify({ client_email: email, private_key: privateKey.export({ format: 'pem', type: 'pkcs8' }) });
};
const kidOf = (assertion: string | undefined): unknown => decodeProtectedHeader(assertion ?? '').kid;

/** Where the secret is spelt, what its file holds first and then, and what a token request shows of it. */
const cases: [string, Spelt, readonly [string, string], (form: Readonly<Record<string, string>>) => unknown][] = [
  ['password', { type: 'password', username: 'u' }, ['canary-1', 'canary-2'], ({ password }) => password],
  ['assertion', { type: 'jwt_bearer' }, ['canary-1', 'canary-2'], ({ assertion }) => assertion],
  ['subjectToken', { type: 'token_exchange' }, ['canary-1', 'canary-2'], ({ subject_token }) => subject_token],
  [
    'actorToken',
    { type: 'token_exchange', subjectToken: 'canary-s', actorTokenType: 'jwt' },
    ['canary-1', 'canary-2'],
    ({ actor_token }) => actor_token,
  ],
  ['refreshToken', { type: 'refresh_token' }, ['canary-1', 'canary-2'], ({ refresh_token }) => refresh_token],
  [
    'clientSecret',
    { clientId: CLIENT_ID, clientAuth: 'post' },
    ['canary-1', 'canary-2'],
    ({ client_secret }) => client_secret,
  ],
  [
    'privateKey',
    { clientId: CLIENT_ID, clientAuth: 'private_key_jwt' },
    [jwk('canary-1'), jwk('canary-2')],
    ({ client_assertion }) => kidOf(client_assertion),
  ],
  [
    'privateKey',
    { type: 'jwt_bearer', claims: { iss: 'me' } },
    [jwk('canary-1'), jwk('canary-2')],
    ({ assertion }) => kidOf(assertion),
  ],
  [
    'serviceAccount',
    { type: 'jwt_bearer' },
    [account('canary-1'), account('canary-2')],
    ({ assertion }) => decodeJwt(assertion ?? '').iss,
  ],
];

async function begin(name: string, spelt: Spelt, first: string) {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-secrets-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'secret');
  await writeFile(file, first);
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const clock = new MovedClock();
  const main = { tokenUrl: provider.url, ...spelt, [`${name}File`]: file };
  const routes = [{ prefix: '/api', upstream: api.url, credential: 'main' }];
  const start = () => startProxy({ credentials: { main }, routes }, { clock });
  const forms = () => provider.requests.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
  return { file, provider, clock, start, forms };
}

test.each(cases)('%sFile of %j is read again for the next token request', async (name, spelt, [first, next], shown) => {
  const { file, provider, start, forms } = await begin(name, spelt, first);
  const proxy = await start();
  expect((await proxy.call('/api/x')).status).toBe(200);
  await writeFile(file, `${next}\n`);
  provider.revoke();

  expect((await proxy.call('/api/x')).headers['bearerway-retry']).toBe('done');
  expect(forms().map(shown)).toEqual(['canary-1', 'canary-2']);
});

test.each(cases)('%sFile of %j that is refused is looked at every 5 s', async (name, spelt, [first, next], shown) => {
  const { file, provider, clock, start, forms } = await begin(name, spelt, first);
  provider.answerOnce({ status: 400, body: { error: 'invalid_grant' } });
  const proxy = await start();
  expect((await proxy.call('/api/x')).json()['code']).toBe('token_refused');
  await writeFile(file, next);
  clock.advance(5000);

  await proxy.told(/token obtained/);
  expect(forms().map(shown)).toEqual(['canary-1', 'canary-2']);
});

test.each(cases)(
  '%sFile of %j that is gone, or holds another thing, is token_unavailable',
  async (name, spelt, [first]) => {
    for (const content of ['', ...(first.startsWith('{') ? ['canary-nonsense'] : [])]) {
      const { file, provider, start } = await begin(name, spelt, first);
      const proxy = await start();
      await proxy.call('/api/x');
      await writeFile(file, content);
      provider.revoke();
      const reply = await proxy.call('/api/x');

      expect([reply.status, reply.headers['bearerway-retry']]).toEqual([401, 'skipped; reason=token-unavailable']);
      const told = JSON.stringify(proxy.log);
      for (const secret of ['canary-1', 'canary-nonsense', '"d"']) expect(told).not.toContain(secret);
    }
  },
);

test('a secret that cannot be read while it is refused is not another one: the refusal stands', async () => {
  const { file, provider, clock, start, forms } = await begin('assertion', { type: 'jwt_bearer' }, 'canary-1');
  provider.answerOnce({ status: 400, body: { error: 'invalid_grant' } });
  const proxy = await start();
  await proxy.call('/api/x');
  await writeFile(file, '');
  const lookedAt = clock.timerSet();
  clock.advance(5000);
  await lookedAt;

  expect((await proxy.call('/api/x')).json()['code']).toBe('token_refused');
  expect(forms()).toHaveLength(1);
});

test('several secrets at once: each that changes is tried', async () => {
  const { file, provider, clock, start, forms } = await begin(
    'password',
    { type: 'password', username: 'u', clientId: CLIENT_ID, clientSecret: CLIENT_SECRET },
    'canary-1',
  );
  provider.answerOnce({ status: 401, body: { error: 'invalid_client' } });
  const proxy = await start();
  await proxy.call('/api/x');
  const readAgain = clock.timerSet();
  clock.advance(5000);
  await readAgain;
  expect(forms()).toHaveLength(1);
  await writeFile(file, 'canary-2');
  clock.advance(5000);

  await proxy.told(/token obtained/);
  expect(forms().map(({ password }) => password)).toEqual(['canary-1', 'canary-2']);
});
