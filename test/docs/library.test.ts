/** What docs/library.md says, done in a project that has the package by its name. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../deploy/manifests.ts';
import { pageOf } from './page.ts';
import { openSession, program } from './session.ts';
import { api, identityProvider, startWorld } from './world.ts';

test('the page of the library can be followed word by word', async () => {
  const world = await startWorld({ 'id.example.com': identityProvider(), 'crm.example.com': api() });
  const session = await openSession({ env: world.env });
  const own = join(session.folder, 'node_modules/bearerway');
  await mkdir(own, { recursive: true });
  // The sources in the place of what is built of them, which test/package tests.
  await writeFile(join(own, 'package.json'), '{"name": "bearerway", "type": "module", "exports": "./index.js"}');
  await writeFile(join(own, 'index.js'), `export * from '${join(root, 'src/index.ts')}';`);
  await writeFile(join(session.folder, 'package.json'), '{"type": "module"}');
  const given = Object.entries(world.env).map(([name, value]) => `export ${name}='${value}'\n`);
  await program(session, 'node', `${given.join('')}exec ${process.execPath} "$@"\n`);
  await session.follow(await pageOf('library.md'));
  expect(world.of('crm.example.com').map(({ path }) => path)).toEqual(['/api/orders?page=2']);
  expect(world.issued).toHaveLength(2);
});

test('it tells of every code of an error that the types know', async () => {
  const { text } = await pageOf('library.md');
  const types = await readFile(join(root, 'src/library/errors.ts'), 'utf8');
  const [, codes = ''] = /export type ErrorCode =([^;]*);/.exec(types) ?? [];
  const all = [...codes.matchAll(/'(\w+)'/g)].map(([, code = '']) => code);
  expect(all.length).toBeGreaterThan(8);
  expect(all.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
});
