import { open, realpath, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileSecret, type Secret } from '../../secret.ts';
import type { RefreshTokenKeeper, Release } from '../rotation.ts';

/** Keeps a refresh token in a file, which is whole at any time: the old one or the new one, and nobody else's to read. */
export function refreshTokenFile(path: string, newId: () => string): RefreshTokenKeeper {
  const source = fileSecret(path);
  let resolving: Promise<string> | undefined;
  /** One at a time, should it hang. Of a file that is not there the reading tells. */
  const realPath = (): Promise<string> => {
    resolving ??= realpath(path)
      .catch(() => resolve(path))
      .finally(() => {
        resolving = undefined;
      });
    return resolving;
  };
  return {
    reserve: async () => turn(await realPath()),
    read: () => source.read(),
    async replace(spent: Secret, next: Secret) {
      const current = await source.read();
      if (current.reveal() !== spent.reveal()) return;
      // A link stays one: what it leads to is replaced.
      await writeWhole(await realpath(path), { content: `${next.reveal()}\n`, newId });
    },
  };
}

/** Of each file, by its real path: resolves when all who came for it so far have left it. */
const queues = new Map<string, Promise<void>>();

/** Of all credentials of this process, one after the other, in the order in which they come. */
async function turn(realPath: string): Promise<Release> {
  const before = queues.get(realPath);
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const all = Promise.all([before, left]).then(() => {
    if (queues.get(realPath) === all) queues.delete(realPath);
  });
  queues.set(realPath, all);
  await before;
  return leave;
}

interface Written {
  readonly content: string;
  readonly newId: () => string;
}

/** A new file in the same folder, on the disk before it takes the old one's name. */
async function writeWhole(path: string, { content, newId }: Written): Promise<void> {
  const fresh = `${path}.${newId()}`;
  const file = await open(fresh, 'wx', 0o600);
  try {
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
  // The name as well, so that a power cut cannot bring the spent one back.
  const folder = await open(dirname(path), 'r');
  await folder.sync().finally(() => folder.close());
}
