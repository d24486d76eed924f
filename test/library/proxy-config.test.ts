/** The types of a configuration are those of its schema. */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configTypes } from '../../build/config-types.ts';
import { root } from '../deploy/manifests.ts';

test('the types that are there are what `npm run schema` makes of the schema', async () => {
  const file = 'src/library/proxy-config.ts';
  const biome = join(root, 'node_modules/.bin/biome');
  const options = { cwd: root, input: configTypes(), encoding: 'utf8' } as const;
  const formatted = execFileSync(biome, ['format', `--stdin-file-path=${file}`], options);
  expect(await readFile(join(root, file), 'utf8')).toBe(formatted);
});
