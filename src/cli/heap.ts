/** What V8 does with the memory of a process that is a proxy, and of no other: a library leaves that to its program. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../clock.ts';

/** Milliseconds. By then the first tokens are there, as a rule, and the first requests answered. */
const SETTLED_MS = 1000;

/** Suits the heap to a proxy that has just started. What is returned calls off what is still to be done. */
export function suitHeap(clock: Clock): () => void {
  collectShortLived();
  return clock.after(SETTLED_MS, giveBackStartUpMemory);
}

/** Suits the collector to objects that live as long as a request does: hardly any survives a collection. */
function collectShortLived(): void {
  // The young generation has 1 MiB while there is little to do, and is doubled when as much as it holds has survived:
  // under load that takes a hundred collections, and again after each pause. This takes it to its 16 MiB at once.
  setFlagsFromString('--semi-space-growth-factor=16');
  // V8 begins to mark everything when less room is left than the young generation has, which is often all there is: a
  // proxy with ten thousand routes did so at the start of each burst. These are per cents of the room, for a start in a
  // task of its own and for one at once.
  setFlagsFromString('--incremental-marking-soft-trigger=80');
  setFlagsFromString('--incremental-marking-hard-trigger=95');
  // For the little that survives one thread is enough: to wake another one costs more than it helps.
  setFlagsFromString('--no-parallel-scavenge');
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
