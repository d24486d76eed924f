/** What is published is bundled: it has to find its parts there. */
import { execFileSync } from 'node:child_process';
import { copyFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { call } from '../support/client.ts';
import { anywhere, bearerway, configFile, folder } from './command.ts';

vi.setConfig({ testTimeout: 60_000 });

const root = join(import.meta.dirname, '../..');

test('a bundle serves by workers, tells of them, and ends', async () => {
  const at = await folder();
  execFileSync(process.execPath, [join(root, 'build/bundle.ts'), join(at, 'dist')]);
  await copyFile(join(root, 'package.json'), join(at, 'package.json'));
  await symlink(join(root, 'node_modules'), join(at, 'node_modules'));
  const file = await configFile({ workers: 2, ...anywhere });
  const command = bearerway(['-c', file], { node: [join(at, 'dist/main.js')] });
  const { port, admin } = await command.listening();
  const replies = await Promise.all(Array.from({ length: 4 }, () => call(port, '/nowhere')));
  expect(replies.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  expect(await (await fetch(`${admin}/metrics`)).text()).toMatch(
    /^bearerway_requests_total\{route="none",method="GET",code="404"\} 4$/m,
  );
  command.child.kill('SIGTERM');
  expect(await command.ended).toMatchObject({ code: 0, stderr: '' });
});
