import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { CLIENT_ID } from '../support/canary.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { startProxy } from '../support/proxy.ts';

/** A proxy whose secret is in a file, and a token endpoint that keeps what it was shown. */
async function begin(first: string) {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-rotation-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const clientSecretFile = join(folder, 'secret');
  const write = async (secret: string): Promise<void> => {
    await writeFile(`${clientSecretFile}.new`, secret);
    await rename(`${clientSecretFile}.new`, clientSecretFile);
  };
  await write(first);
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const clock = new MovedClock();
  const main = { tokenUrl: provider.url, clientId: CLIENT_ID, clientSecretFile, clientAuth: 'post' };
  const start = () =>
    startProxy(
      { credentials: { main }, routes: [{ prefix: '/api', upstream: api.url, credential: 'main' }] },
      { clock },
    );
  const shown = () => provider.requests.map(({ body }) => new URLSearchParams(body).get('client_secret'));
  return { provider, clock, write, start, shown };
}

test('the file is read again whenever a token is requested', async () => {
  const { provider, write, start, shown } = await begin('old\n');
  const proxy = await start();
  expect((await proxy.call('/api/x')).status).toBe(200);
  await write('new\n');
  provider.revoke();

  expect((await proxy.call('/api/x')).headers['bearerway-retry']).toBe('done');
  expect(shown()).toEqual(['old', 'new']);
});

test('the old token serves until the new secret has produced one', async () => {
  const { provider, clock, write, start, shown } = await begin('old');
  const proxy = await start();
  expect((await proxy.call('/api/x')).status).toBe(200);
  await write('new, but not known yet');
  provider.answerAlways({ status: 401, body: { error: 'invalid_client' } });
  // It lives for an hour: to be renewed a minute before its end, or up to 12 s later.
  clock.advance(3_552_000);
  await proxy.told(/no token could be had/);
  expect((await proxy.call('/api/x')).status).toBe(200);

  provider.answerAlways(undefined);
  for (let seconds = 5; seconds <= 25; seconds += 5) {
    const readAgain = clock.timerSet();
    clock.advance(5000);
    await readAgain;
  }
  clock.advance(5000);
  await proxy.told(/all is well again/);
  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(shown()).toEqual(['old', 'new, but not known yet', 'new, but not known yet']);
  expect(provider.issued).toHaveLength(2);
});

test('L09 while a credential is refused its file is read every 5 s, and a new secret is tried at once', async () => {
  const { provider, clock, write, start, shown } = await begin('old');
  provider.answerOnce({ status: 401, body: { error: 'invalid_client' } });
  const proxy = await start();
  expect((await proxy.call('/api/x')).json()['code']).toBe('token_refused');

  for (let seconds = 5; seconds <= 15; seconds += 5) {
    const readAgain = clock.timerSet();
    clock.advance(5000);
    await readAgain;
  }
  expect(shown()).toEqual(['old']);
  await write('new');
  clock.advance(4999);
  expect((await proxy.call('/api/x')).json()['code']).toBe('token_refused');
  expect(shown()).toEqual(['old']);

  clock.advance(1);
  await proxy.told(/token obtained/);
  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(shown()).toEqual(['old', 'new']);
});

test('the same secret, however often it is read, is not tried again before the 30 s are over', async () => {
  const { provider, clock, write, start, shown } = await begin('same');
  provider.answerAlways({ status: 401 });
  const proxy = await start();
  await proxy.call('/api/x');
  for (let seconds = 5; seconds <= 25; seconds += 5) {
    await write('same\n');
    const readAgain = clock.timerSet();
    clock.advance(5000);
    await readAgain;
  }
  clock.advance(4999);
  expect(shown()).toEqual(['same']);
  clock.advance(1);
  await provider.requested(2);
});

test('L08 a file that is empty for a moment while it is refused changes nothing', async () => {
  const { provider, clock, write, start, shown } = await begin('old');
  provider.answerOnce({ status: 401 });
  const proxy = await start();
  await proxy.call('/api/x');
  await write('');
  const readAgain = clock.timerSet();
  clock.advance(5000);
  await readAgain;
  await write('new');
  clock.advance(5000);
  await proxy.told(/token obtained/);

  expect(shown()).toEqual(['old', 'new']);
});

test('a file that cannot be read is no reason to end: requests fail, and all is well when it is back', async () => {
  const { clock, write, start, shown } = await begin('old');
  await write('');
  const proxy = await start();
  const reply = await proxy.call('/api/x');
  expect([reply.status, reply.json()['code']]).toEqual([503, 'token_unavailable']);
  expect(reply.text).not.toContain(tmpdir());
  expect(shown()).toEqual([]);

  await write('new');
  clock.advance(500);
  await proxy.told(/token obtained/);
  expect((await proxy.call('/api/x')).status).toBe(200);
});
