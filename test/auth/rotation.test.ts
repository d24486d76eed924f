/** Who may show a refresh token, and until when. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type RefreshTokenKeeper, Rotation } from '../../src/auth/rotation.ts';
import { refreshTokenFile } from '../../src/auth/store/refresh-token-file.ts';
import { folder } from '../cli/command.ts';
import { codeOf } from './source.ts';

const never = new AbortController().signal;

/** Keepers of one file. */
async function keepers() {
  const path = join(await folder(), 'token');
  await writeFile(path, 'canary-refresh-0');
  let ids = 0;
  return () => refreshTokenFile(path, () => `new${ids++}`);
}

/** As long as it takes to read the file a few times. */
async function aWhile(keeper: () => RefreshTokenKeeper): Promise<void> {
  for (let step = 0; step < 3; step += 1) await keeper().read();
}

test('they take turns', async () => {
  const keeper = await keepers();
  const turns: string[] = [];
  const take = async (name: string): Promise<void> => {
    const release = await new Rotation(keeper()).reserve(never);
    turns.push(`${name} begins`);
    // Nobody else begins, though each of them could by now.
    await aWhile(keeper);
    turns.push(`${name} ends`);
    await release();
  };
  await Promise.all(['one', 'two', 'three'].map(take));
  const begun = turns.filter((_, index) => index % 2 === 0).map((turn) => turn.split(' ')[0]);
  expect(turns).toEqual(begun.flatMap((name) => [`${name} begins`, `${name} ends`]));
  expect(begun.toSorted()).toEqual(['one', 'three', 'two']);
});

test('who gives up waiting does not stand in the way of the next', async () => {
  const keeper = await keepers();
  const release = await new Rotation(keeper()).reserve(never);
  const leaving = new AbortController();
  const left = codeOf(new Rotation(keeper()).reserve(leaving.signal));
  // It waits by now.
  await aWhile(keeper);
  const next = new Rotation(keeper()).reserve(never);
  leaving.abort();
  expect(await left).toBe('token_unavailable');
  await release();
  await (await next)();
});

test('while a successor is being written, behind the end of its token request too, the spent one is not shown', async () => {
  const keeper = await keepers();
  const { promise: disk, resolve: goOn } = Promise.withResolvers<void>();
  const inner = keeper();
  const rotation = new Rotation({
    ...inner,
    async replace(spent, next) {
      await disk;
      await inner.replace(spent, next);
    },
  });
  const release = await rotation.reserve(never);
  rotation.show((await rotation.read()).reveal());
  expect(await codeOf(rotation.become('canary-refresh-1', AbortSignal.abort()))).toBe('token_unavailable');
  await release();
  const other = new Rotation(keeper());
  const seen = other.reserve(never).then(() => other.read());
  // Whoever would read it now has had the time to.
  await aWhile(keeper);
  goOn();
  expect((await seen).reveal()).toBe('canary-refresh-1');
});

test('of a file that is not there it is the reading that tells', async () => {
  const keeper = refreshTokenFile(join(await folder(), 'none'), () => 'new');
  await (await keeper.reserve(never))();
  await expect(keeper.read()).rejects.toThrow('ENOENT');
});
