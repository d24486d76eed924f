import { expect, test } from 'vitest';
import { giveBackStartUpMemory } from '../../src/cli/start-up-memory.ts';

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
