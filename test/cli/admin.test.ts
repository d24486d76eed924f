import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import type { Process } from '../../src/cli/process.ts';
import { runProgram } from '../../src/cli/program.ts';
import { startApi } from '../support/api.ts';
import { CLIENT_TOKEN, expectNoCanary } from '../support/canary.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';
import { closing, listening } from '../support/server.ts';
import { anywhere, bearerway, configFile } from './command.ts';

/** A proxy that runs, and a config that is the same but names the admin port that it got. */
async function running(admin: Readonly<Record<string, unknown>> = {}) {
  const provider = await startIdentityProvider();
  const config = oneRoute(await startApi(provider), provider);
  const proxy = await startProxy({ ...config, admin: { port: 0, ...admin } });
  await proxy.told(/token obtained/);
  const file = await configFile({ ...config, admin: { port: proxy.app.admin?.port, ...admin } });
  return { file, proxy, provider };
}

/** What the command says, in this process. */
async function command(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const said = { stdout: '', stderr: '' };
  const outputs = {
    stdout: { write: (text: string) => (said.stdout += text) },
    stderr: { write: (text: string) => (said.stderr += text) },
  };
  // These commands use nothing else of a process.
  const code = await runProgram(words, { env, ...outputs } as unknown as Process);
  expectNoCanary(`${said.stdout}${said.stderr}`, words.join(' '));
  return { code, ...said };
}

test('status tells people how it is, in tables', async () => {
  const { file, proxy } = await running();
  await proxy.call('/api/x');
  await proxy.call('/api/y');
  const { code, stdout, stderr } = await bearerway(['status', '-c', file]).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.split('\n');
  expect(lines[0]).toMatch(/^bearerway \d+\.\d+\.\d+, up \d+s, ready$/);
  expect(lines[1]).toBe(`${proxy.app.bound.addresses.join(' and ')}, 0 under way`);
  expect(stdout).toMatch(/^ROUTE +UPSTREAM +CREDENTIAL +REQUESTS +ERRORS +LAST MINUTE +P50 +P99$/m);
  expect(stdout).toMatch(/^\/api +http:\/\/127\.0\.0\.1:\d+ +main +2 +0 +2 +\d+(\.\d)? ms +\d+(\.\d)? ms$/m);
  expect(stdout).toMatch(/^main +client_credentials +fresh +\d+s +(1h|59m( \d+s)?) +1 +0$/m);
});

test('status tells that a changed configuration was not taken over, and why, a line each', async () => {
  const { file, proxy } = await running();
  proxy.app.reloads.failed('proxy.yaml:1:1 routs: is no key\nproxy.yaml:2:1 \u001b[2J');
  const { stdout } = await command(['status', '-c', file]);
  const [first, told, ...faults] = stdout.split('\n');
  expect(first).toMatch(/, ready$/);
  expect(told).toMatch(/^a changed configuration was not taken over \(20.+Z\); the one before is in use:$/);
  expect(faults.slice(0, 2)).toEqual(['  proxy.yaml:1:1 routs: is no key', '  proxy.yaml:2:1 ?[2J']);
  proxy.app.reloads.succeeded();
  expect((await command(['status', '-c', file])).stdout).not.toContain('not taken over');
});

test('status --json tells programs all of it', async () => {
  const { file, proxy } = await running();
  const { code, stdout } = await command(['status', '--json', '-c', file]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ready: true,
    listen: proxy.app.bound.addresses,
    routes: [{ prefix: '/api' }],
    credentials: [{ name: 'main', state: 'fresh' }],
    config: { credentials: { main: { clientSecret: '[secret]' } } },
  });
});

test('refresh gets a new token, and a failure is told', async () => {
  const { file, provider } = await running();
  expect(await command(['refresh', 'main', '-c', file])).toEqual({
    ...{ code: 0, stdout: 'main: a new token, good for 3600 s\n', stderr: '' },
  });
  expect(provider.issued).toHaveLength(2);

  provider.answerAlways({ status: 401, body: { error: 'invalid_client' } });
  const failed = await command(['refresh', 'main', '-c', file]);
  expect({ code: failed.code, stdout: failed.stdout }).toEqual({ code: 1, stdout: '' });
  expect(failed.stderr).toMatch(/^bearerway: no token could be had for main: token_refused: .*invalid_client/);
  const { stdout } = await command(['status', '-c', file]);
  expect(stdout).toMatch(/^main: token_refused: .*invalid_client.*; again in \d+s$/m);
});

test('a misspelt credential is wrong usage; what is right is asked of the proxy', async () => {
  const { file, proxy } = await running();
  for (const where of [
    ['-c', file],
    ['--admin', `127.0.0.1:${proxy.app.admin?.port}`],
  ]) {
    expect(await command(['refresh', 'mian', ...where])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'bearerway: the running proxy has no credential of that name (did you mean "main"?)\n',
    });
  }
  expect(await command(['refresh', '-c', file])).toMatchObject({ code: 2, stdout: '' });
});

test('both send the client token of the configuration, and tell when it is another one', async () => {
  const { file } = await running({ clientToken: CLIENT_TOKEN });
  expect((await command(['status', '-c', file])).code).toBe(0);
  expect((await command(['refresh', 'main', '-c', file])).code).toBe(0);
  const { file: other } = await running({ clientToken: '${TOKEN:-canary-client-token-9}' });
  const wrong = await command(['status', '-c', other], { TOKEN: 'another' });
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toMatch(/does not take the admin\.clientToken of this configuration: it runs with another\.\n$/);
});

test('a proxy on all addresses is asked on this machine; without a client token it says what to set', async () => {
  const { file } = await running({ host: '0.0.0.0', clientToken: CLIENT_TOKEN });
  expect((await command(['status', '-c', file])).code).toBe(0);
  const { file: open } = await running({ host: '0.0.0.0' });
  expect(await command(['status', '-c', open])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('set admin.clientToken'),
  });
});

test.each([
  ['status', []],
  ['refresh', ['main']],
])('%s tells why nobody could be asked', async (name, more) => {
  const other = createServer((_, response) => response.end('hello'));
  onTestFinished(() => closing(other));
  const cases: [unknown, RegExp][] = [
    [{ port: 9 }, /^bearerway: nothing listens on 127\.0\.0\.1:9, .*bearerway run.*--config/],
    [false, /^bearerway: this configuration has no admin port \(admin: false\)/],
    [{ port: 0 }, /^bearerway: admin\.port is 0/],
    [{ port: await listening(other) }, /is no Bearerway/],
  ];
  for (const [admin, words] of cases) {
    const file = await configFile({ ...anywhere, admin });
    const { code, stdout, stderr } = await command([name, ...more, '-c', file]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(words);
  }
});

test('--admin says where to ask, whatever becomes of the configuration', async () => {
  const { proxy, provider } = await running();
  const broken = await configFile({ ...anywhere, routs: [] });
  const address = `127.0.0.1:${proxy.app.admin?.port}`;
  for (const spelt of [address, `http://${address}`, `http://${address}/`]) {
    const told = await command(['status', '--admin', spelt, '-c', broken]);
    expect(told).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/, ready$/m) });
  }
  expect((await command(['refresh', 'main', '--admin', address, '-c', broken])).code).toBe(0);
  expect(provider.issued).toHaveLength(2);
});

test('a configuration with faults is told of with the way around it', async () => {
  const broken = await configFile({ ...anywhere, routs: [] });
  const { code, stderr } = await command(['status', '-c', broken]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/--admin 127\.0\.0\.1:9090 asks there without it\.\n.*routs/);
});

test('--admin takes the client token from a variable, and tells when it is missing or another', async () => {
  const { proxy } = await running({ clientToken: CLIENT_TOKEN });
  const ask = (env: Readonly<Record<string, string>>) =>
    command(['status', '--admin', `127.0.0.1:${proxy.app.admin?.port}`], env);
  expect((await ask({ BEARERWAY_ADMIN_CLIENT_TOKEN: CLIENT_TOKEN })).code).toBe(0);
  expect(await ask({})).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('does not take us without its admin.clientToken: set BEARERWAY_ADMIN_CLIENT_TOKEN'),
  });
  expect(await ask({ BEARERWAY_ADMIN_CLIENT_TOKEN: 'another' })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the client token in BEARERWAY_ADMIN_CLIENT_TOKEN: it runs with another'),
  });
  expect(await ask({ BEARERWAY_ADMIN_CLIENT_TOKEN: 'a\nb' })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('BEARERWAY_ADMIN_CLIENT_TOKEN is not a client token of visible ASCII'),
  });
});

test('--admin tells the main port from the admin port', async () => {
  const { url: upstream } = await startApi();
  const proxy = await startProxy({ routes: [{ prefix: '/crm', upstream }] });
  for (const words of [['status'], ['refresh', 'main']]) {
    expect(await command([...words, '--admin', `127.0.0.1:${proxy.port}`])).toEqual({
      code: 1,
      stdout: '',
      stderr: `bearerway: on 127.0.0.1:${proxy.port} is a proxy's main port. What is asked for is its admin port: 9090, unless its configuration has another.\n`,
    });
  }
});

test.each([
  ['answers nothing of a status', '{"orders": []}'],
  ['answers half of a status', '{"version": "1.0.0", "credentials": [{"name": "main"}]}'],
])('refresh posts nothing to an API behind a main port that %s', async (_, answer) => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const methods: (string | undefined)[] = [];
  api.behave(({ method }, response) => {
    methods.push(method);
    response.end(answer);
  });
  const proxy = await startProxy(oneRoute(api, provider, { prefix: '/' }));
  const { code, stderr } = await command(['refresh', 'main', '--admin', `127.0.0.1:${proxy.port}`]);

  expect(code).toBe(1);
  expect(stderr).toMatch(/is no Bearerway/);
  expect(methods).toEqual(['GET']);
});

test('--admin tells of an address that is none, and of one where nobody is', async () => {
  for (const address of [
    '',
    '9090',
    'https://127.0.0.1:9090',
    '127.0.0.1:9090/api/status',
    'http://a:b@127.0.0.1:9090',
  ]) {
    const { code, stderr } = await command(['status', '--admin', address]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('--admin takes the address') });
  }
  for (const address of ['127.0.0.1:9', '[::1]:9']) {
    const { code, stderr } = await command(['status', '--admin', address]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `bearerway: nothing listens on ${address}: the proxy does not run, or has its admin port elsewhere.\n`,
    );
  }
});
