/** `exec`: a command beside a proxy of its own, which it finds in its environment. */
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { CLIENT_SECRET, expectNoCanary } from '../support/canary.ts';
import { call } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute } from '../support/proxy.ts';
import { listening } from '../support/server.ts';
import { anywhere, bearerway, configFile } from './command.ts';

const node = process.execPath;

/** Asks the URL in a variable as curl does, by way of a proxy if there is one, and writes the status. */
const ask = `
  const { request } = require('node:http');
  const [variable, path = '', proxy] = process.argv.slice(1);
  const { hostname: host, port, origin, pathname, search, username, password } = new URL(process.env[variable] + path);
  const way = proxy && new URL(proxy);
  const auth = username && username + ':' + password;
  const straight = { host, port, path: pathname + search, auth };
  const byWay = way && {
    ...{ host: way.hostname, port: way.port, path: origin + pathname + search, auth },
    headers: { 'Proxy-Authorization': 'Basic ' + btoa(way.username + ':' + way.password) },
  };
  request(byWay || straight, (answer) => { console.log(answer.statusCode); answer.resume(); }).end();
`;

test.each([1, 2])(
  'a command asks an API by the base URL of its route, without a credential; workers: %i',
  async (workers) => {
    const provider = await startIdentityProvider();
    const api = await startApi(provider);
    const file = await configFile({ workers, ...oneRoute(api, provider) });
    const { code, stdout } = await bearerway(['exec', '-c', file, '--', node, '-e', ask, 'API_BASE_URL', '/x?a=1'])
      .ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '200\n' });
    expect(api.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/x?a=1', `Bearer ${provider.issued[0]}`],
    ]);
  },
);

test.each(['HTTP_PROXY', 'http_proxy'])(
  'or by its own URL, by way of %s; the base URL goes that way as well',
  async (variable) => {
    const provider = await startIdentityProvider();
    const api = await startApi(provider);
    const file = await configFile(oneRoute(api, provider));
    const script = `"${node}" -e "$ASK" API_URL /x "$${variable}"; "${node}" -e "$ASK" API_BASE_URL /y "$${variable}"`;
    const command = bearerway(['exec', '-c', file, '--', 'sh', '-c', script], { env: { ASK: ask, API_URL: api.url } });
    expect(await command.ended).toMatchObject({ code: 0, stdout: '200\n200\n' });
    expect(api.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/x', `Bearer ${provider.issued[0]}`],
      ['/y', `Bearer ${provider.issued[0]}`],
    ]);
  },
);

test('nobody else may use that proxy', async () => {
  const api = await startApi();
  const script =
    'console.log(JSON.stringify({ port: new URL(process.env.API_BASE_URL).port })); setInterval(() => {}, 1e6)';
  const file = await configFile({ routes: [{ prefix: '/api', upstream: api.url }] });
  const command = bearerway(['exec', '-c', file, '--', node, '-e', script]);
  const port = Number((await command.logged(() => true))['port']);
  expect((await call(port, '/api/x')).status).toBe(407);
  expect(api.requests).toHaveLength(0);
  // So that the program ends, too.
  command.child.kill('SIGTERM');
  expect((await command.ended).code).toBe(143);
});

test('it does not see the variables that secrets of the config come from', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const file = await configFile({
    credentials: { main: { tokenUrl: provider.url, clientId: '${ID}', clientSecret: '${SECRET}' } },
    routes: [{ prefix: '/api', upstream: api.url, credential: 'main' }],
    listen: { port: 0, clientToken: '${TOKEN}' },
  });
  const env = { ID: 'canary-client', SECRET: CLIENT_SECRET, TOKEN: 'canary-client-token-9', OTHER: 'seen' };
  const { code, stdout } = await bearerway(['exec', '-c', file, '--', 'env'], { env }).ended;
  expect(code).toBe(0);
  expect(stdout).toContain('OTHER=seen\n');
  expect(stdout).toContain('ID=canary-client\n');
  expect(stdout).not.toMatch(/^(SECRET|TOKEN)=/m);
  expectNoCanary(stdout, 'the environment of the command');
});

test.each<[string, readonly string[], number]>([
  ['its own code', ['sh', '-c', 'exit 7'], 7],
  ['128 and the number of the signal that ended it', ['sh', '-c', 'kill -TERM $$'], 143],
  ['127 where there is no such program', ['no-such-program'], 127],
  ['126 where it cannot be run', ['/'], 126],
])('it ends with %s', async (_, command, code) => {
  const file = await configFile(anywhere);
  expect((await bearerway(['exec', '-c', file, '--', ...command]).ended).code).toBe(code);
});

test('a program that is not there is told', async () => {
  const { stderr } = await bearerway(['exec', '-c', await configFile(anywhere), '--', 'no-such-program']).ended;
  expect(stderr).toBe('bearerway: no-such-program: there is no such program (look at its spelling, and at PATH)\n');
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)(
  '%s goes on to the command, which decides',
  async (signal) => {
    const script = `process.on('${signal}', () => { console.log('heard'); process.exit(5); }); setInterval(() => {}, 1e6); console.log('{"msg":"ready"}')`;
    const command = bearerway(['exec', '-c', await configFile(anywhere), '--', node, '-e', script]);
    await command.logged(({ msg }) => msg === 'ready');
    command.child.kill(signal);
    expect(await command.ended).toMatchObject({ code: 5, stdout: '{"msg":"ready"}\nheard\n' });
  },
);

test('standard input, output and error are those of the command; the log is on standard error', async () => {
  const file = await configFile(anywhere);
  const words = [
    'exec',
    '-c',
    file,
    '--log-level',
    'info',
    '--',
    node,
    '-e',
    `process.stdin.pipe(process.stdout); console.error('mine')`,
  ];
  const { code, stdout, stderr } = await bearerway(words, { stdin: 'x'.repeat(300_000) }).ended;
  expect({ code, length: stdout.length }).toEqual({ code: 0, length: 300_000 });
  expect(stderr).toContain('mine\n');
});

test('what goes wrong with a token is logged there, and nothing else is', async () => {
  const provider = await startIdentityProvider();
  provider.answerAlways({ status: 401 });
  const api = await startApi(provider);
  const file = await configFile(oneRoute(api, provider));
  const { stdout, stderr } = await bearerway(['exec', '-c', file, '--', node, '-e', ask, 'API_BASE_URL']).ended;
  expect(stdout).toBe('502\n');
  const levels = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).level);
  expect(levels).toContain('warn');
  expect(levels).not.toContain('info');
  expectNoCanary(stderr, 'the log');
});

/** A port that is taken until the test ends. */
async function taken(): Promise<number> {
  const server = createServer();
  onTestFinished(() => {
    server.close();
  });
  return listening(server);
}

test('ports of the config are left alone', async () => {
  const file = await configFile({ ...anywhere, listen: { port: await taken() }, admin: { port: await taken() } });
  expect(await bearerway(['exec', '-c', file, '--', 'true']).ended).toMatchObject({ code: 0, stderr: '' });
});

test('words behind the command are its own', async () => {
  const file = await configFile(anywhere);
  const words = ['exec', '-c', file, '--', 'echo', '-c', '--log-level', '--help', '--'];
  expect(await bearerway(words).ended).toMatchObject({ code: 0, stdout: '-c --log-level --help --\n' });
});

test.each<[string, object | string, string]>([
  [
    'routes whose variables clash',
    {
      routes: [
        { prefix: '/a-b', upstream: 'http://127.0.0.1:9' },
        { prefix: '/a/b', upstream: 'http://127.0.0.1:9' },
      ],
    },
    'bearerway: the routes /a-b and /a/b would both be A_B_BASE_URL: give one of them another prefix\n',
  ],
  ['a config with faults', 'routes: []\n', 'routes: is empty'],
])('%s are told, and the command does not run', async (_, config, message) => {
  const file = await configFile(typeof config === 'string' ? config : { ...config });
  const { code, stdout, stderr } = await bearerway(['exec', '-c', file, '--', 'echo', 'ran']).ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(message);
});
