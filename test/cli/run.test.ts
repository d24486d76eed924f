import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { expectNoCanary } from '../support/canary.ts';
import { call } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute } from '../support/proxy.ts';
import { listening } from '../support/server.ts';
import { anywhere, bearerway, configFile } from './command.ts';

/** A port that is taken until the test ends. */
async function taken(): Promise<number> {
  const server = createServer();
  onTestFinished(() => {
    server.close();
  });
  return listening(server);
}

test('it tells in one JSON line where it listens, and what it does', async () => {
  const command = bearerway(['run', '-c', await configFile(anywhere)]);
  const { port } = await command.listening();
  expect(command.log[0]).toMatchObject({
    level: 'info',
    msg: 'listening',
    listening: expect.arrayContaining([`http://127.0.0.1:${port}`]),
    admin: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    routes: [{ prefix: '/a', upstream: 'http://127.0.0.1:9' }],
  });
  expect(port).toBeGreaterThan(0);
});

test('programs that it runs see its environment', async () => {
  const api = await startApi();
  const command = bearerway(
    [
      '-c',
      await configFile({
        credentials: { main: { type: 'command', command: ['/bin/sh', '-c', 'echo "$OF_THE_PROXY"'] } },
        routes: [{ prefix: '/api', upstream: api.url, credential: 'main' }],
      }),
    ],
    { env: { OF_THE_PROXY: 'canary-token-from-the-environment' } },
  );
  await call((await command.listening()).port, '/api/x');

  expect(api.requests[0]?.headers.authorization).toBe('Bearer canary-token-from-the-environment');
});

test('run is the default, and takes its options', async () => {
  await bearerway(['--config', await configFile(anywhere), '--log-format', 'json']).listening();
  await bearerway([], { env: { BEARERWAY_CONFIG: await configFile(anywhere) } }).listening();
});

test('there is one line a request, with what the documentation promises and never the query', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const command = bearerway(['run', '-c', await configFile(oneRoute(api, provider))]);
  const { port } = await command.listening();
  const reply = await call(port, '/api/x?key=private', {
    method: 'POST',
    body: 'hello',
    headers: { 'x-request-id': 'r1' },
  });
  const line = await command.logged(({ msg }) => msg === 'request');
  expect(line).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    level: 'info',
    msg: 'request',
    requestId: 'r1',
    route: '/api',
    method: 'POST',
    path: '/api/x',
    status: 200,
    durationMs: expect.any(Number),
    upstreamMs: expect.any(Number),
    credential: 'main',
    bytesIn: 5,
    bytesOut: reply.body.length,
    client: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  });
  await call(port, '/elsewhere?key=private');
  expect(await command.logged(({ error }) => error !== undefined)).toMatchObject({ error: 'no_route', status: 404 });
  command.child.kill('SIGTERM');
  const { stdout, stderr } = await command.ended;
  expect(stdout + stderr).not.toContain('private');
  expectNoCanary(stdout + stderr, 'the output');
});

test('--log-level is stronger than the config', async () => {
  const file = await configFile({ ...anywhere, log: { level: 'silent' } });
  await bearerway(['-c', file, '--log-level', 'debug']).listening();
});

test('at level warn only what should be looked at leaves a line', async () => {
  const routes = [{ prefix: '/a', upstream: 'https://127.0.0.1:9', tls: { insecure: true } }];
  const command = bearerway(['-c', await configFile({ routes }), '--log-level', 'warn']);
  const line = await command.logged(() => true);
  expect(line).toMatchObject({ level: 'warn', route: '/a', msg: expect.stringContaining('tls.insecure') });
  command.child.kill('SIGTERM');
  expect(await command.ended).toMatchObject({ code: 0 });
  expect(command.log).toEqual([line]);
});

test('routes that a forward proxy cannot tell apart are told of, in a line', async () => {
  const prefixes = ['/a', '/b', '/c', '/d', '/e', '/f', '/g'];
  const routes = prefixes.map((prefix) => ({ prefix, upstream: 'http://127.0.0.1:9' }));
  const command = bearerway(['-c', await configFile({ routes })]);
  await command.listening();
  expect(command.log.filter(({ level }) => level === 'warn')).toEqual([
    expect.objectContaining({ route: '/a', notTaken: ['/b', '/c', '/d', '/e', '/f', '…'] }),
  ]);
});

test.each<[string, Readonly<Record<string, string>>, boolean]>([
  ['', {}, false],
  [' with NO_COLOR', { NO_COLOR: '1' }, false],
  [' with FORCE_COLOR', { FORCE_COLOR: '1' }, true],
  [' with FORCE_COLOR=0', { FORCE_COLOR: '0' }, false],
])('--log-format pretty is for people; in a pipe%s', async (_, env, coloured) => {
  const command = bearerway(['-c', await configFile(anywhere), '--log-format', 'pretty'], { env });
  for await (const _ of command.child.stdout ?? []) if (command.stdout.includes('\n')) break;
  expect(stripVTControlCharacters(command.stdout)).toMatch(/^\[\d\d:\d\d:\d\d\.\d+\] INFO: listening \{.*\}\n/);
  expect(command.stdout.includes('\u001b')).toBe(coloured);
});

test.each([
  ['listen', 'listen.port'],
  ['admin', 'admin.port'],
])('a %s port in use is told with what to do', async (which, key) => {
  const port = await taken();
  const { code, stderr } = await bearerway(['-c', await configFile({ ...anywhere, [which]: { port } })]).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(
    new RegExp(
      `^bearerway: the (proxy|admin port) cannot listen on 127\\.0\\.0\\.1:${port}: another program does\\. Stop that, or .*${key}.*\\n$`,
    ),
  );
});

test('so is a port of the sandbox', async () => {
  const port = await taken();
  expect(await bearerway(['sandbox', '--port', String(port)]).ended).toMatchObject({
    code: 1,
    stderr: `bearerway: the sandbox cannot listen on 127.0.0.1:${port}: another program does. Stop that, or give it another with --port.\n`,
  });
});

test('and the port of the sandbox beside the proxy', async () => {
  // Its port is a fixed one: another program may have it already, which does as well.
  const server = createServer().listen(9100, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => expect(error.code).toBe('EADDRINUSE'));
  const { code, stderr } = await bearerway(['run', '--sandbox', '-c', await configFile(anywhere)]).ended;
  expect(code).toBe(1);
  expect(stderr).toBe(
    'bearerway: the sandbox cannot listen on 127.0.0.1:9100: another program does. Stop that, or run the proxy without one (npm run -s bearerway -- run).\n',
  );
});

test('an address that this machine does not have is told as such', async () => {
  const listen = { host: '192.0.2.1', port: 0, openListener: true };
  expect(await bearerway(['-c', await configFile({ ...anywhere, listen })]).ended).toMatchObject({
    code: 1,
    stderr:
      'bearerway: the proxy cannot listen on 192.0.2.1: this machine has no such address. Choose one that it has.\n',
  });
});

test('a client token that is empty stops the start, in words', async () => {
  const file = await configFile({ ...anywhere, listen: { port: 0, clientTokenFile: 'token' } });
  await writeFile(join(dirname(file), 'token'), '\n');
  expect(await bearerway(['-c', file]).ended).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('listen.clientTokenFile: names a file that does not hold a client token'),
  });
});

test('a config with faults stops the start: all of them, exit code 2', async () => {
  const { code, stdout, stderr } = await bearerway(['-c', await configFile('routes: []\nlistn: 1\n')]).ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr.trimEnd().split('\n')).toHaveLength(2);
});
