/** Reloads of the real command: by a signal, and by a change of its file. */
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { startApi } from '../support/api.ts';
import { call } from '../support/client.ts';
import { bearerway, type Command, configFile, folder } from './command.ts';

const RELOADED = 'the configuration was reloaded';
const ports = { listen: { port: 0 }, admin: { port: 0 } };

const spelt = (prefix: string, upstream: string, more: Readonly<Record<string, unknown>> = {}): string =>
  stringify({ ...ports, routes: [{ prefix, upstream }], ...more });

const told = (command: Command, msg: string) => command.logged((line) => line['msg'] === msg);

async function start(words: readonly string[] = []) {
  const { url } = await startApi();
  const file = await configFile(spelt('/before', url));
  const command = bearerway(['run', '-c', file, ...words]);
  return { command, file, url, ...(await command.listening()) };
}

test('a changed file is used on SIGHUP, and without one', async () => {
  const { command, file, url, port } = await start();
  await writeFile(file, spelt('/signalled', url));
  command.child.kill('SIGHUP');
  await command.logged(({ added }) => String(added) === 'route /signalled');
  expect((await call(port, '/signalled/x')).status).toBe(200);

  await writeFile(file, spelt('/noticed', url));
  const line = await command.logged(({ added }) => String(added) === 'route /noticed');
  expect(line).toMatchObject({ msg: RELOADED, listening: expect.arrayContaining([`http://127.0.0.1:${port}`]) });
  expect((await call(port, '/noticed/x')).status).toBe(200);
  expect(command.stderr).toBe('');
});

test('a folder swapped by a symbolic link is noticed, as Kubernetes does it', async () => {
  const { url } = await startApi();
  const at = await folder();
  for (const name of ['before', 'after']) {
    await mkdir(join(at, name));
    await writeFile(join(at, name, 'proxy.yaml'), spelt(`/${name}`, url));
  }
  await symlink('before', join(at, '..data'));
  await symlink('..data/proxy.yaml', join(at, 'proxy.yaml'));
  const command = bearerway(['run', '-c', join(at, 'proxy.yaml')]);
  const { port } = await command.listening();
  await symlink('after', join(at, '..data_tmp'));
  await rename(join(at, '..data_tmp'), join(at, '..data'));
  expect(await told(command, RELOADED)).toMatchObject({ added: ['route /after'], removed: ['route /before'] });
  expect((await call(port, '/after/x')).status).toBe(200);
});

test('L07 a bad file is told of with its places, and what was before goes on', async () => {
  const { command, file, port } = await start();
  await writeFile(file, 'routes: [{prefix: /x}]');
  command.child.kill('SIGHUP');
  const line = await told(command, 'the configuration was not reloaded; the one before stays in use');
  expect(line).toMatchObject({ level: 'error', faults: [expect.stringMatching(/proxy\.yaml:1:\d+ routes\[0\]/)] });
  expect((await call(port, '/before/x')).status).toBe(200);
});

test('a port that cannot be had is told of as at the start, and what was before goes on', async () => {
  const { command, file, url, port, admin } = await start();
  const taken = Number(new URL(admin).port);
  await writeFile(file, spelt('/after', url, { listen: { port: taken } }));
  command.child.kill('SIGHUP');
  const line = await command.logged(({ level }) => level === 'error');
  expect(line['faults']).toEqual([expect.stringMatching(/^the proxy cannot listen on 127\.0\.0\.1:\d+: another/)]);
  expect((await call(port, '/before/x')).status).toBe(200);
});

test.each([
  ['as the file says', [], 0],
  ['as the command line said, whatever the file says', ['--log-level', 'info'], 1],
])('the level of the log is %s', async (_, words, logged) => {
  const { command, file, url, port } = await start(words);
  await writeFile(file, spelt('/quiet', url, { log: { level: 'warn' } }));
  command.child.kill('SIGHUP');
  while ((await call(port, '/quiet/x')).status !== 200);
  await writeFile(file, spelt('/loud', url));
  command.child.kill('SIGHUP');
  await command.logged(({ added }) => String(added) === 'route /loud');
  expect(command.log.filter(({ route, status }) => route === '/quiet' && status === 200)).toHaveLength(logged);
});
