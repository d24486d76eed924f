/** `deploy/compose.yaml`, its proxy.yaml and the Dockerfile fit, and the neighbour gets what it asks for. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.ts';
import { version } from '../../src/version.ts';
import { startApi } from '../support/api.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { startProxy } from '../support/proxy.ts';
import { secretFiles } from '../support/secret-files.ts';
import { root } from './manifests.ts';

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly network_mode?: string;
  readonly stop_grace_period?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly [key: string]: unknown;
}

interface Compose {
  readonly services: { readonly bearerway: Service; readonly app: Service };
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const { services, secrets }: Compose = parse(await readFile(join(root, 'deploy/compose.yaml'), 'utf8'));
const proxyYaml = await readFile(join(root, 'deploy/compose/proxy.yaml'), 'utf8');
const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8');
/** The instructions, without comments and with continued lines joined. */
const instructions = dockerfile
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
/** The words of the last instruction of that name, in its exec form. */
const execForm = (name: string): string[] =>
  JSON.parse(/\[.*\]$/.exec(instructions.findLast((line) => line.startsWith(name)) ?? '')?.[0] ?? 'null');

const env = { NITRO_CLIENT_ID: 'canary-id' };

async function source(): Promise<string> {
  return proxyYaml.replaceAll('/run/secrets/', `${await secretFiles(Object.keys(secrets))}/`);
}

/** Keys of the Compose specification that are in use; one that is misspelt is none of them. */
const known = [
  ...['image', 'build', 'environment', 'entrypoint', 'volumes', 'secrets', 'network_mode', 'depends_on', 'read_only'],
  ...['cap_drop', 'security_opt', 'init', 'mem_limit', 'stop_grace_period', 'restart'],
];

test('every word of it is one of the Compose specification', () => {
  for (const service of Object.values(services)) for (const key of Object.keys(service)) expect(known).toContain(key);
});

test('the proxy is the image of this version, made here, and may do no more than it needs to', () => {
  const { bearerway } = services;
  expect(bearerway).toMatchObject({ image: `bearerway:${version}`, build: '..', read_only: true, init: true });
  for (const { cap_drop, security_opt } of [bearerway, services.app])
    expect({ cap_drop, security_opt }).toEqual({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
  expect(existsSync(join(root, 'deploy', bearerway.build ?? '', 'Dockerfile'))).toBe(true);
});

test('it reads the file that is mounted, and the secrets that are handed over', async () => {
  const { bearerway } = services;
  expect(bearerway.volumes).toEqual(['./compose:/etc/bearerway:ro']);
  expect(bearerway.environment['BEARERWAY_CONFIG']).toBe('/etc/bearerway/proxy.yaml');
  expect(bearerway.secrets).toEqual(Object.keys(secrets));
  expect([...proxyYaml.matchAll(/\/run\/secrets\/([\w-]+)/g)].map(([, name]) => name)).toEqual(bearerway.secrets);
  const variables = [...proxyYaml.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name ?? '');
  for (const name of variables) expect(bearerway.environment).toHaveProperty(name);
  for (const { file } of Object.values(secrets)) expect(file).toMatch(/^\.\/secrets\//);
  expect(await readFile(join(root, '.gitignore'), 'utf8')).toContain('deploy/secrets/');
});

test('the neighbour waits for the health check of the image, which asks where the proxy of this file answers', async () => {
  expect(services.app.depends_on).toMatchObject({ bearerway: { condition: 'service_healthy' } });
  expect(services.bearerway).not.toHaveProperty('healthcheck');
  const { admin, shutdown } = parseConfig(await source(), { file: 'proxy.yaml', env });
  const [program, option, script = ''] = execForm('HEALTHCHECK');
  expect([program, option]).toEqual(['node', '-e']);
  expect(script).toContain('http://127.0.0.1:${process.env.BEARERWAY_ADMIN_PORT || 9090}/healthz');
  expect(admin).toMatchObject({ host: '127.0.0.1', port: 9090 });
  const grace = Number(services.bearerway.stop_grace_period?.replace('s', '')) * 1000;
  expect(grace).toBeGreaterThan(shutdown.delay + shutdown.timeout);
});

test('the health check tells a proxy that answers from one that does not', async () => {
  const api = await startApi();
  const proxy = await startProxy({ routes: [{ prefix: '/a', upstream: api.url }] });
  const [, ...words] = execForm('HEALTHCHECK');
  const check = (port: string) =>
    promisify(execFile)(process.execPath, words, { env: { BEARERWAY_ADMIN_PORT: port } }).then(
      () => 0,
      ({ code }) => code,
    );
  expect(await check(new URL(proxy.adminUrl).port)).toBe(0);
  await proxy.stop();
  expect(await check(new URL(proxy.adminUrl).port)).toBe(1);
});

test('the image starts Node.js itself, as a user with a number, and is ended by SIGTERM', () => {
  expect(execForm('ENTRYPOINT')).toEqual(['node', '--disable-sigusr1', 'bin/bearerway.js']);
  expect(execForm('CMD')).toEqual(['run']);
  expect(instructions.findLast((line) => line.startsWith('USER'))).toMatch(/^USER [1-9]\d*:[1-9]\d*$/);
  // Docker sends SIGTERM where nothing else is said.
  expect(dockerfile).not.toContain('STOPSIGNAL');
});

const curl = spawnSync('curl', ['--version'], { stdio: 'ignore' }).status === 0;
if (!curl) console.info('curl is not installed: the neighbour in deploy/compose.yaml is NOT tested.');

test.runIf(curl)('the neighbour, with nothing but a base URL, is answered by the API', async () => {
  const { app } = services;
  expect(app.network_mode).toBe('service:bearerway');
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const config = parse((await source()).replaceAll('https://api.gonitro.dev', api.url));
  config.credentials.nitro.tokenUrl = provider.url;
  const listened = config.listen.port;
  const proxy = await startProxy({ ...config, listen: { port: 0 }, admin: { port: 0 } }, { env });

  const given = app.environment['NITRO_BASE_URL'] ?? '';
  expect(given).toContain(`:${listened}/`);
  const [program = '', ...words] = (app.entrypoint ?? []).map((word) => word.replaceAll('$$', '$'));
  const { stdout } = await promisify(execFile)(program, words, {
    env: { PATH: process.env['PATH'], NITRO_BASE_URL: given.replace(`:${listened}/`, `:${proxy.port}/`) },
  });
  expect(JSON.parse(stdout)).toMatchObject({ method: 'GET', url: '/anything' });
  expect(provider.requests[0]?.body).toContain('canary-secret-of-nitro-client-secret');
});
