import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { STORE_KEY } from './store-keys.ts';

/** What is no secret of just any form. */
const known: Readonly<Record<string, string>> = { 'token-store-key': STORE_KEY };

/** A folder with a file for each name, which holds `canary-secret-of-NAME` or what it must; gone when the test is. */
export async function secretFiles(names: Iterable<string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-secrets-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const name of names) await writeFile(join(folder, name), `${known[name] ?? `canary-secret-of-${name}`}\n`);
  return folder;
}
