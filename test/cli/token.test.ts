import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ASCII_SECRET, CLIENT_ID, expectNoCanary } from '../support/canary.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { describeWithRedis, startRedis } from '../support/redis-server.ts';
import { STORE_KEY } from '../support/store-keys.ts';
import { anywhere, bearerway, configFile, folder } from './command.ts';

const client = { clientId: CLIENT_ID, clientSecret: ASCII_SECRET };

test('it prints the token and a newline, nothing else', async () => {
  const provider = await startIdentityProvider();
  const file = await configFile({ credentials: { crm: { tokenUrl: provider.url, ...client } }, ...anywhere });
  expect(await bearerway(['token', 'crm', '-c', file]).ended).toMatchObject({
    code: 0,
    stdout: `${provider.issued[0]}\n`,
    stderr: '',
  });
});

test.each<[string, object, string]>([
  ['a bearer token', { type: 'static', token: 'canary-x' }, 'Authorization: Bearer canary-x\n'],
  [
    'another scheme',
    { type: 'static', token: 'canary-x', inject: { scheme: 'Token' } },
    'Authorization: Token canary-x\n',
  ],
  [
    'a key in another header',
    { type: 'api_key', value: 'canary-x', inject: { header: 'X-Api-Key' } },
    'X-Api-Key: canary-x\n',
  ],
  ['a password', { type: 'basic', username: 'a', password: 'b' }, 'Authorization: Basic YTpi\n'],
])('--header prints the whole line of %s', async (_, credential, line) => {
  const file = await configFile({ credentials: { it: credential }, ...anywhere });
  expect(await bearerway(['token', 'it', '--header', '-c', file]).ended).toMatchObject({
    code: 0,
    stdout: line,
    stderr: '',
  });
});

test.each<[string, readonly string[], number, string]>([
  ['an unknown name', ['crn'], 2, 'bearerway: there is no credential "crn" in FILE (did you mean "crm"?)\n'],
  ['the name of a built-in', ['constructor'], 2, 'bearerway: there is no credential "constructor" in FILE (known: '],
  ['no name', [], 2, "missing required argument 'credential'"],
  [
    'the header of a token in the query',
    ['inquery', '--header'],
    2,
    'goes into the query parameter key (leave --header out',
  ],
  [
    'a credential that rotates',
    ['user'],
    1,
    'bearerway: the refresh token of user may rotate, and its access token is in the memory of the proxy that runs: send',
  ],
])('%s is refused, with what to do', async (_, words, code, message) => {
  const path = join(await folder(), 'refresh');
  await writeFile(path, 'canary-refresh');
  const file = await configFile({
    credentials: {
      crm: { tokenUrl: 'http://127.0.0.1:9/token', ...client },
      inquery: { type: 'api_key', value: 'canary-x', inject: { query: 'key' } },
      user: { type: 'refresh_token', tokenUrl: 'http://127.0.0.1:9/token', ...client, refreshTokenFile: path },
    },
    ...anywhere,
  });
  const ending = await bearerway(['token', ...words, '-c', file]).ended;
  expect(ending).toMatchObject({ code, stdout: '' });
  expect(ending.stderr).toContain(message.replace('FILE', file));
});

test('a failure is one line of cause and one of what to change, on standard error', async () => {
  const provider = await startIdentityProvider();
  provider.answerAlways({ status: 400, body: { error: 'invalid_scope', error_description: 'canary-secret+/%&=' } });
  const file = await configFile({ credentials: { crm: { tokenUrl: provider.url, ...client } }, ...anywhere });
  const { code, stdout, stderr } = await bearerway(['token', 'crm', '-c', file]).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(
    'bearerway: no token for crm: the token endpoint answers 400 invalid_scope: it wants a scope\n  try: scope: as the server spells it (see what is granted to the client where it is registered)\n',
  );
  expectNoCanary(stderr, 'standard error');
});

test('what is odd is noted on standard error, beside the token', async () => {
  const provider = await startIdentityProvider();
  provider.answerOnce({ body: { access_token: 'canary-x', expires_in: 0 } });
  const file = await configFile({ credentials: { crm: { tokenUrl: provider.url, ...client } }, ...anywhere });
  const { code, stdout, stderr } = await bearerway(['token', 'crm', '-c', file]).ended;
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'canary-x\n' });
  expect(stderr).toMatch(/^bearerway: .+\n$/);
});

describeWithRedis('with a shared store', () => {
  const redisOf = (url: string) => ({ tokenStore: { redis: { url, encryptionKey: STORE_KEY } } });

  test('a token that is there is printed without asking the endpoint, and check --live asks all the same', async () => {
    const provider = await startIdentityProvider();
    const { url } = await startRedis();
    const file = await configFile({
      credentials: { crm: { tokenUrl: provider.url, ...client } },
      ...redisOf(url),
      ...anywhere,
    });
    const first = await bearerway(['token', 'crm', '-c', file]).ended;
    const second = await bearerway(['token', 'crm', '-c', file]).ended;
    expect(first).toMatchObject({ code: 0, stdout: `${provider.issued[0]}\n` });
    expect(second.stdout).toBe(first.stdout);
    expect(provider.requests).toHaveLength(1);

    expect(await bearerway(['check', '--live', '-c', file]).ended).toMatchObject({ code: 0, stderr: '' });
    expect(provider.requests).toHaveLength(2);
  });

  test('a refresh token is spent by way of it, and not where it has a token already', async () => {
    const provider = await startIdentityProvider();
    const { url } = await startRedis();
    const user = { type: 'refresh_token', tokenUrl: provider.url, ...client, refreshToken: 'canary-refresh-1' };
    const file = await configFile({ credentials: { user }, ...redisOf(url), ...anywhere });
    provider.answerOnce({ body: { access_token: 'canary-x', refresh_token: 'canary-refresh-2', expires_in: 3600 } });
    expect(await bearerway(['check', '--live', '-c', file]).ended).toMatchObject({ code: 0 });
    expect(await bearerway(['token', 'user', '-c', file]).ended).toMatchObject({ code: 0, stdout: 'canary-x\n' });
    expect(provider.requests).toHaveLength(1);
  });

  test('one that is away fails a live check, and no token', async () => {
    const provider = await startIdentityProvider();
    const credentials = { crm: { tokenUrl: provider.url, ...client } };
    const file = await configFile({ credentials, ...redisOf('redis://127.0.0.1:9'), ...anywhere });
    const { code, stdout, stderr } = await bearerway(['check', '--live', '-c', file]).ended;
    expect(code).toBe(1);
    expect(stdout).toContain('crm: got a token');
    expect(stdout).toContain('token store: Redis is away: ');
    expect(stderr).toBe('bearerway: the token store cannot be used: look at tokenStore.redis\n');
    expect(await bearerway(['token', 'crm', '-c', file]).ended).toMatchObject({ code: 0, stderr: '' });
  });
});
