import { mkdir, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { watchFiles } from '../../src/config/watch.ts';
import { folder } from '../cli/command.ts';
import { MovedClock } from '../support/clock.ts';

/** Watches files in a folder; its first look is over, and what it found there has been told. */
async function watching(at: string, names: readonly string[] = ['proxy.yaml']) {
  const clock = new MovedClock();
  let told = 0;
  const look = async (): Promise<void> => {
    await clock.untilWaiting(1);
    clock.advance(300);
    await clock.untilWaiting(1);
  };
  const stop = watchFiles({ files: () => names.map((name) => join(at, name)), clock, changed: () => (told += 1) });
  onTestFinished(stop);
  await look();
  expect(told).toBe(1);
  return {
    clock,
    /** How often a change was told within a second of now. */
    async toldInASecond(): Promise<number> {
      const before = told;
      for (let waited = 0; waited < 900; waited += 300) await look();
      return told - before;
    },
    look,
    told: () => told,
    stop,
  };
}

test.each<[string, (file: string) => Promise<unknown>]>([
  ['written over', (file) => writeFile(file, 'b')],
  ['written over with as many bytes, its times kept', (file) => writeFile(file, 'b').then(() => utimes(file, 1, 1))],
  ['put in its place by a new name', (file) => writeFile(`${file}.new`, 'b').then(() => rename(`${file}.new`, file))],
  ['taken away', (file) => unlink(file)],
])('a file that is %s is noticed within a second, once', async (_, change) => {
  const at = await folder();
  const file = join(at, 'proxy.yaml');
  await writeFile(file, 'a');
  await utimes(file, 1, 1);
  const watch = await watching(at);
  await change(file);
  expect(await watch.toldInASecond()).toBe(1);
  expect(await watch.toldInASecond()).toBe(0);
});

test('a folder that a symbolic link leads to instead, as Kubernetes swaps them, is noticed', async () => {
  const at = await folder();
  for (const name of ['one', 'two']) {
    await mkdir(join(at, name));
    await writeFile(join(at, name, 'proxy.yaml'), name);
  }
  await symlink('one', join(at, '..data'));
  await symlink('..data/proxy.yaml', join(at, 'proxy.yaml'));
  const watch = await watching(at);
  await symlink('two', join(at, '..data_tmp'));
  await rename(join(at, '..data_tmp'), join(at, '..data'));
  await rm(join(at, 'one'), { recursive: true });
  expect(await watch.toldInASecond()).toBe(1);
});

test('a file that is only touched is not told of, nor one that is not among them', async () => {
  const at = await folder();
  const file = join(at, 'proxy.yaml');
  await writeFile(file, 'a');
  const watch = await watching(at);
  await utimes(file, 5, 5);
  await writeFile(join(at, 'other'), 'x');
  expect(await watch.toldInASecond()).toBe(0);
});

test('of several files each is watched', async () => {
  const at = await folder();
  const names = ['proxy.yaml', 'cert.pem'];
  for (const name of names) await writeFile(join(at, name), 'a');
  const watch = await watching(at, names);
  await writeFile(join(at, 'cert.pem'), 'b');
  expect(await watch.toldInASecond()).toBe(1);
});

test('while it is being written it is not told of yet', async () => {
  const at = await folder();
  const file = join(at, 'proxy.yaml');
  await writeFile(file, 'a');
  const watch = await watching(at);
  for (const half of ['ab', 'abc', 'abcd']) {
    await writeFile(file, half);
    await watch.look();
    expect(watch.told()).toBe(1);
  }
  expect(await watch.toldInASecond()).toBe(1);
});

test('when it is ended it looks no more', async () => {
  const watch = await watching(await folder());
  watch.stop();
  expect(watch.clock.waiting).toBe(0);
});
