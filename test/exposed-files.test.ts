import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { exposedFiles, mountInfo } from '../src/exposed-files.ts';
import { CLIENT_TOKEN } from './support/canary.ts';
import { startProxy } from './support/proxy.ts';

interface Secret {
  readonly mode: number;
  readonly folderMode?: number;
}

/** A file with a secret, in a folder below one of the test's that all can pass through. */
async function secretFile({ mode, folderMode = 0o755 }: Secret): Promise<string> {
  const top = await mkdtemp(join(tmpdir(), 'bearerway-exposed-'));
  onTestFinished(() => rm(top, { recursive: true }));
  await chmod(top, 0o755);
  const folder = join(top, 'secrets');
  await mkdir(folder);
  const path = join(folder, 'secret');
  await writeFile(path, CLIENT_TOKEN);
  await chmod(path, mode);
  await chmod(folder, folderMode);
  return path;
}

const DISK = '27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n';

test.each<[string, Secret, boolean]>([
  ['S06 that all can read', { mode: 0o644 }, true],
  ['that all can read and nobody write', { mode: 0o444 }, true],
  ['that others than its owner and group can read', { mode: 0o604 }, true],
  ['of its owner', { mode: 0o600 }, false],
  ['of a group', { mode: 0o640 }, false],
  ['in a folder of its owner', { mode: 0o644, folderMode: 0o700 }, false],
  ['in a folder of a group', { mode: 0o644, folderMode: 0o750 }, false],
  ['in a folder that can be passed through and not listed', { mode: 0o644, folderMode: 0o711 }, true],
])('a file %s', async (_, secret, expected) => {
  const path = await secretFile(secret);
  expect(await exposedFiles([path], DISK)).toEqual(expected ? [path] : []);
});

test.each<[string, (folder: string) => string, boolean]>([
  ['in memory', (folder) => `30 27 0:9 / ${folder} rw,relatime - tmpfs tmpfs rw,size=4k`, false],
  ['in memory that is not swapped', (folder) => `30 27 0:9 / ${folder} rw - ramfs none rw`, false],
  ['that is read only here', (folder) => `30 27 8:1 /x ${folder} ro,relatime master:1 - ext4 /dev/sda1 rw`, false],
  ['of another folder', (folder) => `30 27 0:9 / ${folder}s ro - tmpfs tmpfs ro`, true],
  [
    'below which is a disk',
    (folder) =>
      `30 27 0:9 / ${folder.replace(/\/[^/]*$/, '')} ro - tmpfs tmpfs ro\n31 30 8:1 / ${folder} rw - ext4 x rw`,
    true,
  ],
  ['over a disk', (folder) => `30 27 8:1 / ${folder} rw - ext4 x rw\n31 30 0:9 / ${folder} ro - tmpfs tmpfs ro`, false],
  ['on a disk that could be written to', (folder) => `30 27 8:1 / ${folder} rw,errors=ro - ext4 x ro`, true],
])('a file on a mount %s', async (_, mount, expected) => {
  const path = await secretFile({ mode: 0o644 });
  const mounts = `${DISK}${mount(join(path, '..'))}\n`;
  expect(await exposedFiles([path], mounts)).toEqual(expected ? [path] : []);
});

test('a mount point with a space in its name is one', async () => {
  const path = await secretFile({ mode: 0o644 });
  const folder = join(path, '..', 'a b');
  await mkdir(folder);
  await writeFile(join(folder, 'c'), 'd', { mode: 0o644 });
  const mounts = `${DISK}30 27 0:9 / ${folder.replace(' ', '\\040')} ro - tmpfs tmpfs ro\n`;
  expect(await exposedFiles([join(folder, 'c')], mounts)).toEqual([]);
});

test('a secret of Kubernetes, a link to a link into a mount of its own, raises no alarm', async () => {
  const path = await secretFile({ mode: 0o644 });
  const folder = join(path, '..');
  await mkdir(join(folder, '..2026'));
  await writeFile(join(folder, '..2026', 'token'), 'x', { mode: 0o644 });
  await symlink('..2026', join(folder, '..data'));
  await symlink('..data/token', join(folder, 'token'));
  const link = join(folder, 'token');
  expect(await exposedFiles([link], DISK)).toEqual([link]);
  expect(await exposedFiles([link], `${DISK}30 27 0:9 / ${folder} ro,relatime - tmpfs tmpfs rw,size=4k\n`)).toEqual([]);
});

test('a file that is not there is told elsewhere', async () => {
  expect(await exposedFiles(['/nowhere/secret'], DISK)).toEqual([]);
});

test('without word of mounts, modes say it all', async () => {
  const path = await secretFile({ mode: 0o644 });
  expect(await exposedFiles([path], '')).toEqual([path]);
});

test('S06 one line at the start names all that others can read, and nothing that is in them', async () => {
  const open = [await secretFile({ mode: 0o644 }), await secretFile({ mode: 0o644 })];
  const closed = await secretFile({ mode: 0o600 });
  const [one, two] = open;
  const endpoint = { tokenUrl: 'http://127.0.0.1:9/t', clientId: 'a' };
  const proxy = await startProxy({
    listen: { clientTokenFile: one },
    credentials: {
      a: { ...endpoint, clientSecretFile: two },
      b: { ...endpoint, clientSecretFile: closed },
      c: { ...endpoint, clientSecretFile: two },
    },
    routes: [{ prefix: '/api', upstream: 'http://127.0.0.1:9' }],
  });
  const told = proxy.log.filter(({ msg }) => /^secret files that every user/.test(String(msg)));
  // Where folders for a while are kept in memory, none of them is.
  const expected = await exposedFiles(open, await mountInfo());
  expect(told).toEqual(expected.length === 0 ? [] : [expect.objectContaining({ level: 'warn', files: expected })]);
});
