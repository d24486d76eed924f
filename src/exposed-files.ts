/** Files that every user of this machine can read. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What is mounted where, as Linux tells it (proc_pid_mountinfo(5)); empty where nobody does. */
export async function mountInfo(): Promise<string> {
  return readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
}

/**
 * Those of the files that any user can read and somebody here could close: not those on a file system in memory or
 * mounted to be read only, which is how containers are given secrets, for all users that there are in one, of whom there is one.
 */
export async function exposedFiles(paths: readonly string[], mounts: string): Promise<string[]> {
  const exposed = await Promise.all(paths.map((path) => isExposed(path, mounts).catch(() => false)));
  return paths.filter((_, at) => exposed[at]);
}

const OTHERS_READ = 0o004;
const OTHERS_SEARCH = 0o001;

async function isExposed(path: string, mounts: string): Promise<boolean> {
  // There modes say nothing.
  if (process.platform === 'win32') return false;
  const real = await realpath(path);
  if (((await stat(real)).mode & OTHERS_READ) === 0 || isGiven(real, mounts)) return false;
  for (let folder = dirname(real); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & OTHERS_SEARCH) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Whether the mount that a path is on is in memory or read only: the last one of those with the longest mount point. */
function isGiven(path: string, mounts: string): boolean {
  let longest = -1;
  let given = false;
  for (const line of mounts.split('\n')) {
    const [own = '', theirs = ''] = line.split(' - ');
    const [, , , , place, options = ''] = own.split(' ');
    if (place === undefined) continue;
    const point = place.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
    if (point.length < longest || !`${path}/`.startsWith(point === '/' ? '/' : `${point}/`)) continue;
    longest = point.length;
    given = options.split(',').includes('ro') || /^(tmpfs|ramfs) /.test(theirs);
  }
  return given;
}
