import { link, open, rename, rm } from 'node:fs/promises';
import { randomId } from '../../random-id.ts';
import { Complaint } from '../complaint.ts';

/** A file that is there whole or not at all. Rejects with a Complaint; `force`: takes the place of one that is there. */
export async function writeNewFile(path: string, content: string, force: boolean): Promise<void> {
  const fresh = `${path}.${randomId()}`;
  try {
    const file = await open(fresh, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    // A link is never made over a file that is there.
    await (force ? rename(fresh, path) : link(fresh, path));
  } catch (error) {
    throw complaintOf(error, path);
  } finally {
    await rm(fresh, { force: true });
  }
}

export function existsAlready(path: string): Complaint {
  return new Complaint(`${path} is there already: --force writes over it, -c FILE names another`);
}

function complaintOf(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST') return existsAlready(path);
  const whys: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such folder',
    ENOTDIR: 'there is no such folder',
    EISDIR: 'it is a folder',
    EACCES: 'the folder may not be written to',
    EROFS: 'the folder may not be written to',
    ENOSPC: 'the disk is full',
    EPERM: 'this file system takes no links, without which another file could be written over; --force does without',
  };
  const why = code === undefined ? undefined : whys[code];
  return why === undefined ? error : new Complaint(`${path} cannot be written: ${why} (-c FILE names another)`);
}
