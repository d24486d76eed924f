import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { anywhere, bearerway, configFile, folder } from './command.ts';

const packageFile = new URL('../../package.json', import.meta.url);
const schemaFile = new URL('../../proxy.schema.json', import.meta.url);

test('--help tells the commands, on standard output', async () => {
  const { code, stdout, stderr } = await bearerway(['--help']).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const command of ['run', 'init', 'check', 'token', 'exec', 'routes', 'status', 'refresh', 'sandbox', 'schema'])
    expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
});

test('--version tells the version of the package, and nothing else', async () => {
  const { version } = JSON.parse(await readFile(packageFile, 'utf8'));
  expect(await bearerway(['--version']).ended).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test('--help of a command tells its options', async () => {
  const { code, stdout } = await bearerway(['run', '--help']).ended;
  expect(code).toBe(0);
  for (const option of ['-c, --config', '--sandbox', '--log-level', '--log-format', 'BEARERWAY_CONFIG'])
    expect(stdout).toContain(option);
});

test.each<[string, readonly string[], string]>([
  ['a misspelt command', ['chekc'], 'there is no command "chekc" (did you mean "check"?)'],
  ['an unknown command', ['frobnicate'], 'there is no command "frobnicate" (known: run, init, check, '],
  ['an unknown option', ['--nope'], "unknown option '--nope'"],
  ['an unknown option of a command', ['check', '--nope'], "unknown option '--nope'"],
  ['a word too many', ['check', 'more'], 'too many arguments'],
  ['a level that is none', ['run', '--log-level', 'loud'], 'Allowed choices are trace, debug, info'],
  ['a format that is none', ['--log-format', 'xml'], 'Allowed choices are json, pretty'],
  ['an option without its value', ['run', '--config'], 'argument missing'],
  ['a port that is none', ['sandbox', '--port', '99999'], '--port is not a port (0 to 65535)'],
  ['a lifetime that is none', ['sandbox', '--lifetime', '5'], '--lifetime is not a duration (such as 500ms, 30s'],
])('%s is wrong usage: exit code 2, and words on standard error', async (_, words, message) => {
  const { code, stdout, stderr } = await bearerway(words).ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(message);
  expect(stderr).toContain(words[0] === 'sandbox' ? 'bearerway: ' : 'bearerway --help');
});

test('check says that a config is fine', async () => {
  const file = await configFile(anywhere);
  expect(await bearerway(['check', '-c', file]).ended).toMatchObject({
    code: 0,
    stdout: `${file}: fine (1 route, 0 credentials)\n`,
    stderr: '',
  });
});

test('check tells of credentials that no route uses: of what was forgotten, or misspelt', async () => {
  const secret = 'clientId: a, clientSecret: fake, tokenUrl: "https://idp.example.com/token"';
  const credentials = `credentials: {main: {${secret}}, old: {${secret}}, spare: {${secret}}}`;
  const file = await configFile(
    `${credentials}\nroutes: [{prefix: /a, upstream: "https://a.example.com", credential: main}]`,
  );
  expect(await bearerway(['check', '-c', file]).ended).toMatchObject({
    code: 0,
    stdout: `${file}: fine (1 route, 3 credentials; no route uses old, spare)\n`,
  });
});

test('check tells every fault at once, on standard error', async () => {
  const file = await configFile(
    'listn: {}\nroutes:\n  - prefix: a\n    upstream: http://api.example.com\n    timeouts: {idle: 5}\n',
  );
  const { code, stdout, stderr } = await bearerway(['check', '--config', file]).ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr.trimEnd().split('\n')).toEqual([
    expect.stringContaining(`${file}:1:1 listn: is not known here (did you mean "listen"?)`),
    expect.stringContaining(`${file}:3:13 routes[0].prefix: `),
    expect.stringContaining(`${file}:4:15 routes[0].upstream: `),
    expect.stringContaining(`${file}:5:22 routes[0].timeouts.idle: `),
  ]);
});

test.each([['run'], ['check'], ['routes']])('%s without a config says what to do', async (command) => {
  const { code, stdout, stderr } = await bearerway([command], { cwd: await folder() }).ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^proxy\.yaml:1:1 there is no such file in \S+ \(.*--config FILE or BEARERWAY_CONFIG\)\n$/);
});

test('BEARERWAY_CONFIG names the config; an option names it louder; an empty one is none', async () => {
  const [one, two] = [await configFile(anywhere), await configFile('routes: []')];
  const env = { BEARERWAY_CONFIG: one };
  expect(await bearerway(['check'], { env, cwd: await folder() }).ended).toMatchObject({ code: 0 });
  expect(await bearerway(['check', '-c', two], { env }).ended).toMatchObject({ code: 2 });
  const { stderr } = await bearerway(['check'], { env: { BEARERWAY_CONFIG: '' }, cwd: await folder() }).ended;
  expect(stderr).toMatch(/^proxy\.yaml:1:1 there is no such file/);
});

test('routes prints the table', async () => {
  const file = await configFile({
    credentials: { crm: { provider: 'nitro', clientId: 'a', clientSecret: 'canary' } },
    routes: [
      { prefix: '/crm', upstream: 'https://crm.example.com/v1/', credential: 'crm', methods: ['GET', 'POST'] },
      { prefix: '/', upstream: 'https://rest.example.com' },
    ],
  });
  expect(await bearerway(['routes', '-c', file]).ended).toMatchObject({
    code: 0,
    stdout: [
      '/crm  →  https://crm.example.com/v1  credential crm  GET,POST\n',
      '/     →  https://rest.example.com    no credential   any method\n',
    ].join(''),
  });
});

test('schema prints the schema that is shipped', async () => {
  const { code, stdout } = await bearerway(['schema']).ended;
  expect(code).toBe(0);
  expect(stdout).toBe(await readFile(schemaFile, 'utf8'));
});
