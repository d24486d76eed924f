/** What becomes of a token request under way when its credential is closed. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { keeper } from '../../src/auth/keeper.ts';
import { memoryStore } from '../../src/auth/store/memory.ts';
import { systemClock } from '../../src/clock.ts';
import { folder } from '../cli/command.ts';
import { read } from '../config/reading.ts';
import { CLIENT_ID, CLIENT_SECRET } from '../support/canary.ts';
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts';
import { codeOf } from './source.ts';

type Spelt = Readonly<Record<string, unknown>>;

const never = new AbortController().signal;

async function credential(provider: IdentityProvider, spelt: Spelt) {
  const given = { tokenUrl: provider.url, clientId: CLIENT_ID, ...spelt };
  const routes = [{ prefix: '/a', upstream: 'https://api.example.com', credential: 'main' }];
  const options = read(JSON.stringify({ credentials: { main: given }, routes })).credentials['main'];
  if (options === undefined) throw new Error('unreachable: it has just been named');
  let ids = 0;
  const context = { clock: systemClock, random: () => 0, newId: () => `new${ids++}`, env: {}, warn: () => {} };
  const opened = await keeper('main', options, { ...context, store: memoryStore(), shared: undefined });
  onTestFinished(opened.close);
  return opened;
}

/** A credential whose token endpoint has its first request, and does not answer before `goOn`. */
async function underWay(spelt: Spelt) {
  const provider = await startIdentityProvider();
  const { source, close } = await credential(provider, spelt);
  provider.goSlow();
  provider.answerOnce({ body: { access_token: 'canary-token-1', refresh_token: 'canary-refresh-1' } });
  const got = source.get(never);
  await provider.requested(1);
  return { provider, close, got, again: () => source.replace(never) };
}

/** The refresh token grant, with a file. */
async function refreshing() {
  const file = join(await folder(), 'refresh-token');
  await writeFile(file, 'canary-refresh-0');
  return { type: 'refresh_token', clientAuth: 'none', refreshTokenFile: file };
}

test('one that may have spent a refresh token is waited for, and what it brings is kept', async () => {
  const given = await refreshing();
  const { provider, close, got } = await underWay(given);
  const closed = close();
  provider.goOn();
  await closed;
  expect(await readFile(given.refreshTokenFile, 'utf8')).toBe('canary-refresh-1\n');
  expect((await got).value.reveal()).toBe('canary-token-1');
});

test('it is waited for no longer than it may last', async () => {
  const late = new AbortController();
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => late.signal);
  onTestFinished(() => void vi.restoreAllMocks());
  const { close, got } = await underWay(await refreshing());
  const outcome = codeOf(got);
  const closed = close();
  late.abort();
  await closed;
  expect(await outcome).toBe('token_unavailable');
});

test('what could not be kept when it came is kept at the end', async () => {
  const given = await refreshing();
  const { provider, close, got } = await underWay(given);
  const place = dirname(given.refreshTokenFile);
  await rename(place, `${place}-away`);
  provider.goOn();
  expect(await codeOf(got)).toBe('token_unavailable');
  await rename(`${place}-away`, place);
  await close();
  expect(await readFile(given.refreshTokenFile, 'utf8')).toBe('canary-refresh-1\n');
});

test('behind its end no refresh token is shown', async () => {
  const { provider, close, got, again } = await underWay(await refreshing());
  provider.goOn();
  await got;
  await close();
  expect(await codeOf(again())).toBe('token_unavailable');
  expect(provider.requests).toHaveLength(1);
});

test('one that waits for its turn has shown nothing, and is not waited for', async () => {
  const given = await refreshing();
  const first = await underWay(given);
  const second = await credential(first.provider, given);
  const outcome = codeOf(second.source.get(never));
  await second.close();
  expect(await outcome).toBe('token_unavailable');
  expect(first.provider.requests).toHaveLength(1);
  first.provider.goOn();
  await first.got;
});

test('any other is cut at once', async () => {
  const { close, got } = await underWay({ clientSecret: CLIENT_SECRET });
  const outcome = codeOf(got);
  await close();
  expect(await outcome).toBe('token_unavailable');
});
