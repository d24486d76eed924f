/** Vitest for runners that count: what the tests have told by `count` is added up and printed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const vitest = join(root, 'node_modules/vitest/vitest.mjs');

/** Resolves with the exit code. */
export async function runTests(words: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'bearerway-counts-'));
  const file = join(folder, 'counts');
  writeFileSync(file, '');
  const child = spawn(process.execPath, [vitest, 'run', '--reporter=dot', ...words], {
    cwd: root,
    env: { ...process.env, ...env, BEARERWAY_COUNTS: file },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = await once(child, 'close');
  print(readFileSync(file, 'utf8'));
  rmSync(folder, { recursive: true });
  console.log(code === 0 ? 'all without a violation' : 'THERE ARE VIOLATIONS, see above');
  return code === 0 ? 0 : 1;
}

function print(told: string): void {
  const sums = new Map<string, number>();
  for (const line of told.split('\n').filter((text) => text !== '')) {
    const { what, number }: { what: string; number: number } = JSON.parse(line);
    sums.set(what, (sums.get(what) ?? 0) + number);
  }
  for (const [what, sum] of [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`${sum.toLocaleString('en').padStart(12)}  ${what}`);
}
