import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'SECURITY.md'), 'utf8');
const rows = page
  .slice(page.indexOf('| claim | held by |'), page.indexOf('## Counts'))
  .split('\n')
  .slice(2)
  .filter((line) => line.startsWith('|'));

test.each(rows)('what SECURITY.md claims has the tests that it names: %s', (row) => {
  const named = [...row.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file);
  expect(named).not.toEqual([]);
  for (const file of named) {
    expect(existsSync(join(root, file)), file).toBe(true);
    expect(file).toMatch(/\.test\.ts$/);
  }
});

test('whatever else SECURITY.md names of the tests is there', () => {
  expect(rows.length).toBeGreaterThan(10);
  for (const [, file = ''] of page.matchAll(/`(test\/[^`]+)`/g)) expect(existsSync(join(root, file)), file).toBe(true);
});
