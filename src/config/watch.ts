/** Notices that a config has changed: its own file, or one whose content is part of it. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../clock.ts';

/** What is not written at once has to look the same twice: so a change is noticed within twice this time. */
const LOOK_INTERVAL_MS = 300;

export interface WatchOptions {
  /** Which files, asked for before each look. */
  readonly files: () => readonly string[];
  readonly clock: Clock;
  /** Called at the first look, too: something may have changed before it. */
  readonly changed: () => void;
}

/**
 * Looks at what files hold, again and again, whichever file bears the name by then: so it does not matter how that is
 * put there (written over, renamed, by way of a symbolic link to another folder) nor on which file system. Returns what
 * ends it.
 */
export function watchFiles({ files, clock, changed }: WatchOptions): () => void {
  let stopped = false;
  let cancel = (): void => {};
  let told = '';
  let last = '';
  const look = async (): Promise<void> => {
    const seen = await digest(files());
    if (stopped) return;
    if (seen === last && seen !== told) {
      told = seen;
      changed();
    }
    last = seen;
    cancel = clock.after(LOOK_INTERVAL_MS, () => void look());
  };
  void look();
  return () => {
    stopped = true;
    cancel();
  };
}

async function digest(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const content of await Promise.all(files.map(contentOf))) hash.update(`${content.length}:`).update(content);
  return hash.digest('base64');
}

/** Of one that cannot be read, why not. What is no file, a pipe say, could be read only once. */
async function contentOf(file: string): Promise<Buffer> {
  try {
    return (await stat(file)).isFile() ? await readFile(file) : Buffer.alloc(0);
  } catch (error) {
    return Buffer.from(String((error as NodeJS.ErrnoException).code));
  }
}
