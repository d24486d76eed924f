/** Where a rotating refresh token is kept: no moment, and no failure, loses it. */
import { mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { refreshToken } from '../../src/auth/refresh-token.ts';
import { refreshTokenFile } from '../../src/auth/store/refresh-token-file.ts';
import { systemClock } from '../../src/clock.ts';
import { Secret } from '../../src/secret.ts';
import { ofType, read } from '../config/reading.ts';
import { CLIENT_ID } from '../support/canary.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { codeOf } from './source.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bearerway-keeper-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A keeper whose new files are called `NAME.new`. */
const keeperOf = (path: string) => refreshTokenFile(path, () => 'new');
const secret = (text: string) => new Secret(`canary-${text}`);

test('a successor takes the place of the one it was got with', async () => {
  const path = join(await folder(), 'token');
  await writeFile(path, 'canary-one');
  const keeper = keeperOf(path);
  await keeper.replace(secret('one'), secret('two'));

  expect((await keeper.read()).reveal()).toBe('canary-two');
});

test('where somebody has put another one meanwhile, that one stays', async () => {
  const path = join(await folder(), 'token');
  await writeFile(path, 'canary-of-a-new-login');
  await keeperOf(path).replace(secret('one'), secret('two'));

  expect(await readFile(path, 'utf8')).toBe('canary-of-a-new-login');
});

test('a link stays a link, and what it leads to is replaced', async () => {
  const path = await folder();
  await mkdir(join(path, 'data'));
  await writeFile(join(path, 'data', 'token'), 'canary-one');
  await symlink('data/token', join(path, 'link'));
  await keeperOf(join(path, 'link')).replace(secret('one'), secret('two'));

  expect(await readlink(join(path, 'link'))).toBe('data/token');
  expect(await readFile(join(path, 'data', 'token'), 'utf8')).toBe('canary-two\n');
});

test('when it cannot be written all files are as they were', async () => {
  const path = await folder();
  await writeFile(join(path, 'token'), 'canary-one');
  await writeFile(join(path, 'token.new'), 'in the way');

  await expect(keeperOf(join(path, 'token')).replace(secret('one'), secret('two'))).rejects.toThrow('EEXIST');
  expect(await readFile(join(path, 'token'), 'utf8')).toBe('canary-one');
  expect(await readFile(join(path, 'token.new'), 'utf8')).toBe('in the way');
});

/** The grant with a token endpoint that rotates, and a file. */
async function begin() {
  const path = await folder();
  const file = join(path, 'token');
  await writeFile(file, 'canary-refresh-0');
  const provider = await startIdentityProvider();
  const rotate = (number: number): void =>
    provider.answerOnce({
      body: { access_token: `canary-token-${number}`, refresh_token: `canary-refresh-${number}` },
    });
  const config = read(
    `credentials: {main: {type: refresh_token, tokenUrl: "${provider.url}", clientId: ${CLIENT_ID}, clientAuth: none, refreshTokenFile: "${file}"}}\n` +
      'routes: [{prefix: /a, upstream: "https://api.example.com", credential: main}]',
  );
  const options = ofType('refresh_token', config.credentials['main']);
  let ids = 0;
  const context = { clock: systemClock, random: () => 0, newId: () => `new${ids++}`, env: {}, warn: () => {} };
  const supply = refreshToken(options, refreshTokenFile(file, context.newId), context);
  onTestFinished(() => supply.close());
  const shown = () => provider.requests.map(({ body }) => new URLSearchParams(body).get('refresh_token'));
  return { path, file, provider, rotate, supply, shown };
}

test('while it cannot be kept its access token is not used; it is kept, and used, as soon as it can be', async () => {
  const { path, file, provider, rotate, supply, shown } = await begin();
  provider.goSlow();
  rotate(1);
  const first = codeOf(supply.requestToken());
  await provider.requested(1);
  // Another place for the file is missing: nothing can be written beside it.
  await rename(path, `${path}-away`);
  onTestFinished(() => rm(`${path}-away`, { recursive: true, force: true }));
  provider.goOn();
  expect(await first).toBe('token_unavailable');
  expect(await codeOf(supply.requestToken())).toBe('token_unavailable');
  expect(shown()).toEqual(['canary-refresh-0']);

  await rename(`${path}-away`, path);
  rotate(2);
  expect((await supply.requestToken()).value.reveal()).toBe('canary-token-2');
  expect(shown()).toEqual(['canary-refresh-0', 'canary-refresh-1']);
  expect(await readFile(file, 'utf8')).toBe('canary-refresh-2\n');
  expect(await readdir(path)).toEqual(['token']);
});

test('an answer whose access token cannot be used may have spent the refresh token all the same', async () => {
  const { file, provider, supply } = await begin();
  provider.answerOnce({ body: { access_token: 'a b', refresh_token: 'canary-refresh-1' } });

  expect(await codeOf(supply.requestToken())).toBe('token_invalid');
  expect(await readFile(file, 'utf8')).toBe('canary-refresh-1\n');
});

test.each([
  ['a refusal', { status: 400, body: { error: 'invalid_grant', refresh_token: 'canary-no' } }],
  ['an outage', { status: 503, body: { refresh_token: 'canary-no' } }],
  ['one that is no text', { body: { access_token: 'canary-token-1', refresh_token: 5 } }],
  ['an empty one', { body: { access_token: 'canary-token-1', refresh_token: '' } }],
  ['the same one', { body: { access_token: 'canary-token-1', refresh_token: 'canary-refresh-0' } }],
])('%s changes nothing', async (_, answer) => {
  const { file, provider, supply } = await begin();
  provider.answerOnce(answer);
  await supply.requestToken().catch(() => {});

  expect(await readFile(file, 'utf8')).toBe('canary-refresh-0');
});

test.each([
  ['with a line break', 'canary-refresh-1\n'],
  ['with a line break in the middle', 'canary-refresh\n-1'],
  ['with what is not ASCII', 'canary-refresh-é'],
  ['larger than any file of a secret', 'canary-refresh'.repeat(5000)],
])('a refresh token %s is not kept: the file would not give it back', async (_, next) => {
  const { file, provider, supply } = await begin();
  provider.answerOnce({ body: { access_token: 'canary-token-1', refresh_token: next } });

  expect(await codeOf(supply.requestToken())).toBe('token_invalid');
  expect(await readFile(file, 'utf8')).toBe('canary-refresh-0');
});

test('another name for it in the answer', async () => {
  const { file, provider, supply } = await begin();
  provider.answerOnce({ body: { access_token: 'canary-token-1', refreshToken: 'canary-refresh-1' } });
  await supply.requestToken();

  expect(await readFile(file, 'utf8')).toBe('canary-refresh-1\n');
});
