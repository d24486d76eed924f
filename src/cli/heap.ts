/** What V8 does with the memory of a process that is a proxy, and of no other: a library leaves that to its program. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Milliseconds. By then the first tokens are there, as a rule, and the first requests answered. */
export const SETTLED_MS = 1000;

/**
 * The young generation has 1 MiB while there is little to do. V8 doubles it each time that as much as it holds has
 * survived collections, and of requests hardly anything does: a proxy under load would pay for a hundred collections,
 * and again after each pause, before it has the 16 MiB that it may have. This takes it there at once.
 */
export function growUnderLoad(): void {
  setFlagsFromString('--semi-space-growth-factor=16');
}

/**
 * What the start leaves behind (the parsers of the config, code that ran once) would stay with an idle process for
 * ever: V8 collects when something is allocated, and a proxy that waits allocates nothing. Gives it back to the system:
 * of 78 MiB at rest, 10. Stands still for some 20 ms.
 */
export function giveBackStartUpMemory(): void {
  // The collector is handed to no other code: the flag holds for contexts that are made while it is set.
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
