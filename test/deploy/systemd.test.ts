/** `deploy/systemd`: a unit that systemd understands whole, and a configuration that finds its secrets. */
import { execFile, spawnSync } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.ts';
import { bearerway, bin, configFile, folder } from '../cli/command.ts';
import { startApi } from '../support/api.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { startProxy } from '../support/proxy.ts';
import { secretFiles } from '../support/secret-files.ts';
import { root } from './manifests.ts';

const place = join(root, 'deploy/systemd');
const unit = await readFile(join(place, 'bearerway.service'), 'utf8');
const proxyYaml = await readFile(join(place, 'proxy.yaml'), 'utf8');

/** Section and key, each with its values in order: `Service.ExecStart`. */
function settings(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let section = '';
  for (const line of text.split('\n').filter((each) => each !== '' && !each.startsWith('#'))) {
    section = /^\[(\w+)\]$/.exec(line)?.[1] ?? section;
    const [, key, value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key === undefined) expect(line).toBe(`[${section}]`);
    else found.set(`${section}.${key}`, [...(found.get(`${section}.${key}`) ?? []), value]);
  }
  return found;
}

const set = settings(unit);
/** The one value of a key of the service. */
const value = (key: string): string => {
  const values = set.get(`Service.${key}`) ?? [];
  expect(values).toHaveLength(1);
  return values[0] ?? '';
};
/** `30s` in milliseconds. */
const ms = (text: string): number => Number(/^(\d+)s$/.exec(text)?.[1]) * 1000;
/** Names of secrets that systemd hands over. */
const loaded = (set.get('Service.LoadCredential') ?? []).map((each) => each.split(':')[0] ?? '');

const installed = spawnSync('systemd-analyze', ['--version'], { stdio: 'ignore' }).status === 0;
if (!installed) console.info('systemd-analyze is not installed: bearerway.service is NOT tested with it.');

describe.runIf(installed)('systemd', () => {
  /** The unit, with a program that is here. */
  async function here(): Promise<string> {
    const file = join(await folder(), 'bearerway.service');
    await writeFile(file, unit.replace('/usr/bin/node', process.execPath));
    return file;
  }

  test('knows every word of the unit', async () => {
    // Of words that it does not know it complains, and is content.
    expect(await promisify(execFile)('systemd-analyze', ['verify', await here()])).toEqual({ stdout: '', stderr: '' });
  });

  test('finds little that the service could do beside its work', async () => {
    // In tenths; 2.0 and less is what its authors call OK and well hardened services reach.
    const words = ['security', '--offline=true', '--threshold=20', '--no-pager', await here()];
    const { stdout } = await promisify(execFile)('systemd-analyze', words);
    expect(stdout).toContain('exposure level');
  });
});

test('the unit has a user of its own, who can write nowhere and gain nothing', () => {
  expect(value('DynamicUser')).toBe('yes');
  expect(value('ProtectSystem')).toBe('strict');
  expect(value('CapabilityBoundingSet')).toBe('');
  expect(value('NoNewPrivileges')).toBe('yes');
  for (const key of set.keys()) expect(key).not.toMatch(/ReadWritePaths|MemoryDenyWriteExecute|\.User$/);
});

test('it ends a proxy that has had its time, and does not start again what cannot be configured', async () => {
  const { shutdown } = parseConfig(proxyYaml, { file: 'proxy.yaml', env: await environment() });
  expect(ms(value('TimeoutStopSec'))).toBeGreaterThan(shutdown.delay + shutdown.timeout);
  expect(value('RestartPreventExitStatus')).toBe('2');
  expect((await bearerway(['-c', await configFile('routes: []\n')]).ended).code).toBe(2);
});

test('it starts what the package holds, without a shell, and reloads by SIGHUP', async () => {
  const [program, ...words] = value('ExecStart').split(' ');
  expect(program).toBe('/usr/bin/node');
  expect(words.slice(-3)).toEqual(['run', '--config', '/etc/bearerway/proxy.yaml']);
  const [installedAs] = words.filter((word) => word.includes('/node_modules/bearerway/'));
  expect(installedAs?.split('/node_modules/bearerway')[1]).toBe(bin.slice(root.length));
  expect(value('ExecReload')).toBe('/bin/kill -HUP $MAINPID');
});

/** As systemd makes it. */
async function environment(): Promise<Record<string, string>> {
  return { CREDENTIALS_DIRECTORY: await secretFiles(loaded) };
}

test('its proxy.yaml takes the secret that systemd hands over, and names no other', async () => {
  expect([...proxyYaml.matchAll(/\$\{CREDENTIALS_DIRECTORY\}\/([\w-]+)/g)].map(([, name]) => name)).toEqual(loaded);
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const config = parse(proxyYaml.replaceAll('https://api.gonitro.dev', api.url));
  config.credentials.nitro.tokenUrl = provider.url;
  const proxy = await startProxy({ ...config, listen: { port: 0 } }, { env: await environment() });
  expect((await proxy.call('/nitro/v1/x')).status).toBe(200);
  expect(provider.requests[0]?.body).toContain('canary-secret-of-nitro-client-secret');
});

test('a secret that is not handed over stops the start, in words', async () => {
  const file = join(await folder(), 'proxy.yaml');
  await copyFile(join(place, 'proxy.yaml'), file);
  const without = bearerway(['check', '-c', file], { env: { CREDENTIALS_DIRECTORY: await folder() } });
  expect(await without.ended).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('credentials.nitro.clientSecretFile: names a file that does not exist'),
  });
  expect(await bearerway(['check', '-c', file]).ended).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('needs the environment variable CREDENTIALS_DIRECTORY'),
  });
});
