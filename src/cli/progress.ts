import type { Clock } from '../clock.ts';
import type { Process } from './process.ts';

/** Who waits less than this wants no words. Milliseconds. */
const PATIENCE_MS = 500;
/** Back to the start of the line, and nothing in it (ECMA-48 EL). */
const ERASED = '\r\u001b[K';

/** Tells on a terminal what is waited for, once that takes its time, and takes the words away again. Gives what came of it. */
export async function waitingFor<T>(
  work: Promise<T>,
  what: string,
  { stderr, clock }: Pick<Process, 'stderr'> & { readonly clock: Clock },
): Promise<T> {
  if (!stderr.isTTY) return await work;
  let shown = false;
  const cancel = clock.after(PATIENCE_MS, () => {
    shown = true;
    stderr.write(`${what} …`);
  });
  try {
    return await work;
  } finally {
    cancel();
    if (shown) stderr.write(ERASED);
  }
}
