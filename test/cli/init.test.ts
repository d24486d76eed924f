/** `init` with words: what it writes passes `check`, and holds no secret. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfigOf } from '../../src/cli/init/config-text.ts';
import { writeNewFile } from '../../src/cli/init/new-file.ts';
import { providerPlan, variablesOf } from '../../src/cli/init/plan.ts';
import { runProgram } from '../../src/cli/program.ts';
import { parseConfig } from '../../src/config/load.ts';
import { type ProviderName, providerNames, providers } from '../../src/config/providers.ts';
import { faultsOf } from '../config/reading.ts';
import { bearerway, folder } from './command.ts';
import { Console } from './console.ts';

/** Runs `init` for a new file, and gives what became of it. */
async function initialized(words: readonly string[]) {
  const file = join(await folder(), 'proxy.yaml');
  const console = new Console();
  const code = await runProgram(['init', ...words, '-c', file], console.process);
  const text = await readFile(file, 'utf8').catch(() => '');
  const variables = [...console.stdout.matchAll(/^ {2}export (\w+)=…/gm)].map(([, name]) => name ?? '');
  return { code, file, text, variables, ...console };
}

/** A value that each variable is right with, by its name. */
function rightValue(variable: string): string {
  if (variable.endsWith('_URL')) return 'https://somewhere.example.com/base';
  return variable.endsWith('_SCOPE') ? 'https://somewhere.example.com/.default' : 'canary-secret';
}

test.each(providerNames)('init %s writes what check takes once the variables are set that it names', async (name) => {
  const { code, file, text, variables, stderr } = await initialized([name]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(variables.length).toBeGreaterThan(1);
  const env = Object.fromEntries(variables.map((variable) => [variable, rightValue(variable)]));
  expect(faultsOf(text, env, file)).toEqual([]);
  for (const variable of variables) expect(faultsOf(text, { ...env, [variable]: '' }, file).join()).toContain(' ');
  const { credentials, routes } = parseConfig(text, { file, env });
  expect(Object.keys(credentials)).toEqual([name]);
  expect(routes).toMatchObject([{ prefix: `/${name}`, credential: name }]);
  const console = new Console({ env });
  expect(await runProgram(['check', '-c', file], console.process)).toBe(0);
});

test('so does any choice of providers', () => {
  const choices = Array.from({ length: 2 ** providerNames.length - 1 }, (_, bits) =>
    providerNames.filter((__, index) => ((bits + 1) & (1 << index)) !== 0),
  );
  expect(choices).toHaveLength(255);
  for (const choice of choices) {
    const plans = choice.map((name) => providerPlan(name, name, {}));
    const env = Object.fromEntries(variablesOf(plans).map(({ name, example }) => [name, example]));
    expect(faultsOf(readConfigOf(plans), env)).toEqual([]);
  }
});

test('what is given stands in the file, and is asked of the environment no more', async () => {
  const words = [
    'auth0',
    '--base-url',
    'https://t.eu.auth0.com',
    '--upstream',
    'https://api.example.com/v1',
    '--audience',
    'urn:my api # "x"',
  ];
  const { text, file, variables } = await initialized(words);
  expect(variables).toEqual(['AUTH0_CLIENT_ID', 'AUTH0_CLIENT_SECRET']);
  const { credentials, routes } = parseConfig(text, { file, env: { AUTH0_CLIENT_ID: 'a', AUTH0_CLIENT_SECRET: 'b' } });
  expect(credentials).toMatchObject({
    auth0: { tokenUrl: 'https://t.eu.auth0.com/oauth/token', audience: 'urn:my api # "x"' },
  });
  expect(routes).toMatchObject([{ upstream: { origin: 'https://api.example.com', basePath: '/v1' } }]);
});

test('a name is that of the credential, of its prefix and of its variables', async () => {
  const { text, file, variables } = await initialized(['keycloak', '--name', 'crm-2']);
  expect(variables).toEqual(['CRM_2_URL', 'CRM_2_CLIENT_ID', 'CRM_2_CLIENT_SECRET', 'CRM_2_API_URL']);
  const env = Object.fromEntries(variables.map((variable) => [variable, rightValue(variable)]));
  expect(parseConfig(text, { file, env })).toMatchObject({
    credentials: { 'crm-2': { provider: 'keycloak' } },
    routes: [{ prefix: '/crm-2', credential: 'crm-2' }],
  });
});

test('secrets are in the environment, whatever the provider', () => {
  for (const name of providerNames) {
    const text = readConfigOf([providerPlan(name, name, {})]);
    expect(text).toContain(`clientSecret: \${${name.toUpperCase()}_CLIENT_SECRET}`);
    expect(text).toContain(`# ${providers[name as ProviderName].title}: https://`);
  }
});

test.each<[string, readonly string[], string]>([
  ['nothing', [], 'which API? Name a provider (nitro, podero,'],
  [
    'an unknown provider',
    ['nitr'],
    'there is no provider "nitr" (did you mean "nitro"?); --issuer URL is for any other',
  ],
  ['a name for two', ['nitro', 'podero', '--name', 'x'], '--name is for one API, and 2 are chosen'],
  ['an audience for two', ['auth0', 'okta', '--audience', 'x'], '--audience is for one API, and 2 are chosen'],
  ['a name that is none', ['nitro', '--name', 'a/b'], '--name is not a name of letters'],
  ['a base that is none', ['optty', '--base-url', 'optty'], '--base-url is not an address'],
  [
    'a base without TLS',
    ['optty', '--base-url', 'http://optty.example.com'],
    '--base-url is plain http to another machine',
  ],
  ['an API that is none', ['auth0', '--upstream', 'ftp://x'], '--upstream is not an address'],
  ['a scope that Entra does not take', ['entra', '--scope', 'User.Read'], '--scope is not what entra takes'],
  ['a client authentication for a provider', ['nitro', '--client-auth', 'basic'], '--client-auth goes with --issuer'],
  ['an issuer that is none', ['--issuer', 'id.example.com'], '--issuer is not an address'],
  [
    'a base for an issuer',
    ['--issuer', 'https://id.example.com', '--base-url', 'https://x'],
    '--base-url is for a provider',
  ],
])('%s is wrong usage, and nothing is written', async (_, words, message) => {
  const { code, text, stdout, stderr, file } = await initialized(words);
  expect({ code, text, stdout }).toEqual({ code: 2, text: '', stdout: '' });
  expect(stderr).toContain(`bearerway: ${message}`);
  expect(await readdir(dirname(file))).toEqual([]);
});

test('a file that is there stays, unless it is forced', async () => {
  const file = join(await folder(), 'proxy.yaml');
  await writeFile(file, 'mine');
  expect(await bearerway(['init', 'nitro', '-c', file]).ended).toMatchObject({
    code: 1,
    stdout: '',
    stderr: `bearerway: ${file} is there already: --force writes over it, -c FILE names another\n`,
  });
  expect(await readFile(file, 'utf8')).toBe('mine');
  const { code, stdout } = await bearerway(['init', 'nitro', '--force', '-c', file]).ended;
  expect(code).toBe(0);
  expect(stdout).toContain(`${file} is written: credential nitro, route /nitro\n`);
  expect(stdout).toContain(`  bearerway check --live -c ${file}\n  bearerway run -c ${file}\n`);
  expect(await readFile(file, 'utf8')).toContain('provider: nitro');
  // Nothing is left beside it.
  expect(await readdir(dirname(file))).toEqual(['proxy.yaml']);
  expect((await stat(file)).isFile()).toBe(true);
});

test('nor does a file go that came while questions were asked', async () => {
  const file = join(await folder(), 'proxy.yaml');
  await writeFile(file, 'mine');
  await expect(writeNewFile(file, 'ours', false)).rejects.toThrow('is there already');
  expect(await readFile(file, 'utf8')).toBe('mine');
  expect(await readdir(dirname(file))).toEqual(['proxy.yaml']);
});

test('in a folder of its own it is proxy.yaml, and the next steps are short', async () => {
  const cwd = await folder();
  const { stdout } = await bearerway(['init', 'nitro'], { cwd }).ended;
  expect(await readdir(cwd)).toEqual(['proxy.yaml']);
  expect(stdout).toBe(
    [
      'proxy.yaml is written: credential nitro, route /nitro',
      '',
      'next:',
      '  export NITRO_CLIENT_ID=…      # client id',
      '  export NITRO_CLIENT_SECRET=…  # client secret',
      '  bearerway check --live',
      '  bearerway run',
      '',
    ].join('\n'),
  );
  const from = await bearerway(['init', 'nitro', '--force'], { cwd, env: { npm_lifecycle_event: 'bearerway' } }).ended;
  expect(from.stdout).toContain('  npm run -s bearerway -- check --live\n');
});

test('a folder that is not there is told', async () => {
  const file = join(await folder(), 'nowhere', 'proxy.yaml');
  expect(await bearerway(['init', 'nitro', '-c', file]).ended).toMatchObject({
    code: 1,
    stderr: `bearerway: ${file} cannot be written: there is no such folder (-c FILE names another)\n`,
  });
});
