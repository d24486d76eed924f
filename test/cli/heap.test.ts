import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { giveBackStartUpMemory } from '../../src/cli/heap.ts';

const MIB = 1024 ** 2;

test('what nobody holds any more is given back at once, and nobody else gets the collector', () => {
  let held: number[][] | undefined = Array.from({ length: 32 }, () => new Array<number>(MIB / 8).fill(0.5));
  const before = process.memoryUsage().heapUsed;
  expect(held.length).toBe(32);
  held = undefined;
  giveBackStartUpMemory();
  expect(process.memoryUsage().heapUsed).toBeLessThan(before - 24 * MIB);
  expect(globalThis).not.toHaveProperty('gc');
});

test('the young generation of a process is collected seldom as soon as there is much to do, and by one thread', () => {
  const [usual, suited] = [collections(''), collections('suitHeap(systemClock)()')];
  expect(suited.count).toBeGreaterThan(0);
  expect(suited.count).toBeLessThan(0.6 * usual.count);
  // One thread, too, may come back to a collection; two come to each.
  expect(suited.parts).toBeLessThan(1.5 * suited.count);
});

/** Those of a new process, behind `first`, that does as under load: much is made, and little of it is kept. */
function collections(first: string): { readonly count: number; readonly parts: number } {
  const script = `
    import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../../src/clock.ts'))};
    import { suitHeap } from ${JSON.stringify(join(import.meta.dirname, '../../src/cli/heap.ts'))};
    ${first};
    const held = new Array(1000);
    for (let i = 0; i < 3_000_000; i += 1) held[i % held.length] = { i, of: [i, i] };
  `;
  const words = ['--trace-gc', '--trace-parallel-scavenge', '--no-warnings', '--input-type=module', '-e', script];
  const traced = execFileSync(process.execPath, words, { encoding: 'utf8' });
  return { count: traced.match(/Scavenge/g)?.length ?? 0, parts: traced.match(/scavenge\[/g)?.length ?? 0 };
}
