/**
 * The table of hostile and faulty cases that this product answers for, by their ids: what clients (B), paths (P),
 * absolute URLs (A), framing (F), APIs (U), token endpoints (T), refusals (R), overload (C), operations (L) and curious
 * neighbours (S) do. Each id stands in the name of the test that shows what becomes of it.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { count } from '../../support/counts.ts';

/** How many cases a family has. */
const families = { B: 15, P: 20, A: 15, F: 33, U: 25, T: 25, R: 16, C: 10, L: 14, S: 9 };

/** Cases that no test can bear, and why. */
const without: Readonly<Record<string, string>> = {};

const tests = join(import.meta.dirname, '../..');
const ids = Object.entries(families).flatMap(([family, count]) =>
  Array.from({ length: count }, (_, index) => `${family}${String(index + 1).padStart(2, '0')}`),
);

/** In text between quotes, comments left out; a name may be built by `test.each` from a table beside it. */
function idsNamed(source: string): string[] {
  const quoted = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '').match(/'[^'\n]*'|"[^"\n]*"|`[^`]*`/g) ?? [];
  return quoted.flatMap((text) => text.match(/\b[A-Z]\d\d\b/g) ?? []);
}

const named = new Set(
  globSync('**/*.test.ts', { cwd: tests })
    .filter((file) => join(tests, file) !== import.meta.filename)
    .flatMap((file) => idsNamed(readFileSync(join(tests, file), 'utf8'))),
);

test.each(ids)('%s has a test, or a reason why it has none', (id) => {
  expect(named.has(id), without[id] ?? 'no test names it').toBe(without[id] === undefined);
});

test('no test names a case that there is not', () => {
  const known = new Set(ids);
  count('cases of the table, each with a test', ids.filter((id) => without[id] === undefined).length);
  expect([...named].filter((id) => id[0] !== undefined && id[0] in families && !known.has(id))).toEqual([]);
});
