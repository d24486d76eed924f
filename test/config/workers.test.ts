/** How many processes serve. */
import { describe, expect, test } from 'vitest';
import { faultsOf, leastRoutes, read } from './reading.ts';

describe('so many as are asked for', () => {
  test.each<[string, 'auto' | number]>([
    ['1', 1],
    ['256', 256],
    ['"4"', 4],
    ['auto', 'auto'],
    ['"${WORKERS}"', 3],
    ['"${NONE:-auto}"', 'auto'],
    ['"${NONE:-}"', 1],
  ])('%s', (spelt, workers) => {
    expect(read(`workers: ${spelt}\n${leastRoutes}`, { WORKERS: '3' }).workers).toBe(workers);
  });
});

test.each(['0', '257', '-1', '1.5', 'many', 'true', '[]', '{}'])('%s is no number of them', (spelt) => {
  expect(faultsOf(`workers: ${spelt}\n${leastRoutes}`)).toEqual([
    expect.stringMatching(/ workers: is neither auto nor a whole number from 1 to 256/),
  ]);
});
