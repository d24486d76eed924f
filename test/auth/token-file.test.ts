/** A token that somebody else keeps fresh in a file, as kubelet does. */
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { expectNoCanary, TOKEN_PREFIX } from '../support/canary.ts';
import { changedFile, setGivenStage } from './given.ts';
import { jwt } from './response.ts';

/** The moment at which a MovedClock begins, epoch seconds. */
const NOW_S = Date.UTC(2026, 10, 21) / 1000;
const HOUR_S = 3600;

/** A projected token of an hour, issued so many seconds from the beginning. */
function projected(issuedS: number, lifetimeS = HOUR_S): string {
  return jwt({ iat: NOW_S + issuedS, exp: NOW_S + issuedS + lifetimeS, sub: `${TOKEN_PREFIX}${issuedS}` });
}

async function begin(content?: string) {
  const file = await changedFile(content);
  const stage = await setGivenStage({ type: 'file', path: file.path });
  const failure = async () => {
    const reply = await stage.proxy.call('/api/x');
    expect(reply.text).not.toContain(file.path);
    return { status: reply.status, ...reply.json(), retryAfter: reply.headers['retry-after'] };
  };
  return { ...stage, file, failure };
}

test.each(['', '\n', '\r\n'])('the token is what the file holds, without a line end %j', async (end) => {
  const { proxy, seen } = await begin(`${TOKEN_PREFIX}bare${end}`);

  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(seen()).toEqual([`Bearer ${TOKEN_PREFIX}bare`]);
});

test('a bare token that does not say when it expires is used as long as it stands there', async () => {
  const { proxy, clock, lookAgain, seen } = await begin(`${TOKEN_PREFIX}bare`);
  for (let days = 0; days < 3; days++) {
    expect((await proxy.call('/api/x')).status).toBe(200);
    await lookAgain();
    clock.jump(86_400_000);
  }
  expect(new Set(seen())).toEqual(new Set([`Bearer ${TOKEN_PREFIX}bare`]));
});

test('a JWT is not sent once it has expired; the next one is used as soon as it stands there', async () => {
  const { file, clock, proxy, failure, seen } = await begin(projected(0));
  expect((await proxy.call('/api/x')).status).toBe(200);
  clock.advance(HOUR_S * 1000 - 1);
  expect((await proxy.call('/api/x')).status).toBe(200);
  clock.advance(1);
  expect(await failure()).toMatchObject({ status: 503, code: 'token_unavailable', retryAfter: '5' });
  expect((await proxy.askAdmin('/readyz')).status).toBe(503);

  await file.write(projected(HOUR_S));
  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(seen()).toEqual([0, 0, HOUR_S].map((issued) => `Bearer ${projected(issued)}`));
});

test('an hour-old JWT lives for what is left of it', async () => {
  const { clock, proxy, failure } = await begin(projected(-HOUR_S + 60));
  expect((await proxy.call('/api/x')).status).toBe(200);
  clock.advance(60_000);

  expect(await failure()).toMatchObject({ code: 'token_unavailable' });
});

test('one that had expired before it was read is not sent, and not expected to live again', async () => {
  const { clock, failure, api } = await begin(projected(-2 * HOUR_S));

  expect(await failure()).toMatchObject({ status: 503, code: 'token_unavailable' });
  clock.advance(60_000);
  expect(await failure()).toMatchObject({ code: 'token_unavailable' });
  expect(api.requests).toEqual([]);
});

test.each([-6, 6])('the wall clock jumps by %d hours: the token is used for the rest of its hour', async (hours) => {
  const { clock, proxy, lookAgain, failure } = await begin(projected(0));
  await proxy.call('/api/x');
  clock.jump(hours * HOUR_S * 1000);
  await lookAgain();
  expect((await proxy.call('/api/x')).status).toBe(200);
  clock.advance(HOUR_S * 1000);

  expect(await failure()).toMatchObject({ code: 'token_unavailable' });
});

test('L08 kubelet rotates: the ..data link is swapped at 80 % of its life, and the new token is in use in five seconds', async () => {
  const file = await changedFile();
  const folder = dirname(file.path);
  const project = async (version: string, token: string): Promise<void> => {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, 'token'), token);
    await symlink(version, join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  await project('..2026_11_21_1', projected(0));
  await symlink('..data/token', join(folder, 'token'));
  const { proxy, clock, lookAgain, seen } = await setGivenStage({ type: 'file', path: join(folder, 'token') });
  await proxy.call('/api/x');
  clock.advance(0.8 * HOUR_S * 1000);
  await project('..2026_11_21_2', projected(0.8 * HOUR_S));
  await lookAgain();
  await proxy.call('/api/x');

  expect(seen()).toEqual([projected(0), projected(0.8 * HOUR_S)].map((token) => `Bearer ${token}`));
});

test.each<[string, string | undefined, number, string, RegExp]>([
  ['is not there', undefined, 503, 'token_unavailable', /cannot be read/],
  ['is empty', '', 503, 'token_unavailable', /cannot be read/],
  ['holds a line end alone', '\n', 503, 'token_unavailable', /cannot be read/],
  ['is larger than any token', `${TOKEN_PREFIX}${'x'.repeat(20_000)}`, 502, 'token_invalid', /longer than 16384/],
  ['is huge', TOKEN_PREFIX.repeat(100_000), 502, 'token_invalid', /too large/],
  ['holds two lines', `${TOKEN_PREFIX}1\n${TOKEN_PREFIX}2\n`, 502, 'token_invalid', /line break/],
  ['holds the scheme, too', `Bearer ${TOKEN_PREFIX}1`, 502, 'token_invalid', /has a space/],
  ['holds a NUL', `${TOKEN_PREFIX}\0`, 502, 'token_invalid', /may not stand in a header/],
  ['begins with a byte order mark', `\uFEFF${TOKEN_PREFIX}`, 502, 'token_invalid', /none of ASCII/],
])(
  'a file that %s: the client is told, and all is well when it is mended',
  async (_, content, status, code, detail) => {
    const { file, api, proxy, failure } = await begin(content);
    const told = await failure();

    expect(told).toMatchObject({ status, code, detail: expect.stringMatching(detail), retryAfter: '5' });
    expectNoCanary(JSON.stringify(told), 'the problem');
    expect((await proxy.askAdmin('/readyz')).text).toMatch(code);
    expect(api.requests).toEqual([]);
    await file.write(projected(0));
    expect((await proxy.call('/api/x')).status).toBe(200);
  },
);

test('a folder in the place of the file is told in the log by its name', async () => {
  const file = await changedFile();
  await mkdir(file.path);
  const { proxy } = await setGivenStage({ type: 'file', path: file.path });

  expect((await proxy.call('/api/x')).json()).toMatchObject({ code: 'token_unavailable' });
  expect(proxy.log).toContainEqual(expect.objectContaining({ reason: expect.stringMatching(/is no ordinary file/) }));
});

test('a file that is missing for long is told once, not at each look', async () => {
  const { proxy, lookAgain } = await begin();
  await proxy.told(/no token could be had/);
  for (let looks = 0; looks < 10; looks++) await lookAgain();

  expect(proxy.log.filter(({ level }) => level === 'warn')).toHaveLength(1);
});
