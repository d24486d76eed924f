import { exposedFiles, mountInfo } from '../exposed-files.ts';
import type { Log } from '../observe/log.ts';

/** One line for all secret files that others can read. */
export async function tellExposed(files: readonly string[], log: Log): Promise<void> {
  const exposed = await exposedFiles(files, await mountInfo());
  if (exposed.length > 0)
    log.warn({ files: exposed }, 'secret files that every user of this machine can read (chmod 600 would be right)');
}
