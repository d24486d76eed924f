import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Api, startApi } from '../support/api.ts';
import { call, connectRaw, type Reply } from '../support/client.ts';
import { anywhere, bearerway, type Command, configFile, folder } from './command.ts';

/** A proxy with one route, and a request on it that the API has and does not answer yet. */
async function underWay(config: Readonly<Record<string, unknown>> = {}) {
  const api = await startApi();
  const command = await started(api, config);
  const { port, admin } = await command.listening();
  const arrived = Promise.withResolvers<ServerResponse>();
  api.behaveOnce((_, response) => arrived.resolve(response));
  const reply = call(port, '/api/slow');
  reply.catch(() => {});
  const response = await arrived.promise;
  return { api, command, port, admin, reply, answer: () => response.end('at last') };
}

async function started(api: Api, config: Readonly<Record<string, unknown>> = {}): Promise<Command> {
  const command = bearerway(['-c', await configFile({ routes: [{ prefix: '/api', upstream: api.url }], ...config })]);
  await command.listening();
  return command;
}

const shuttingDown = (command: Command) => command.logged(({ msg }) => String(msg).startsWith('shutting down'));

function connectionOf({ status, headers, text }: Reply) {
  return { status, connection: headers.connection, text };
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  'on %s what is under way is finished, then it ends with 0',
  async (signal) => {
    const { command, admin, reply, answer } = await underWay();
    command.child.kill(signal);
    expect(await shuttingDown(command)).toMatchObject({ level: 'info', signal });

    const ready = await fetch(`${admin}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ ready: false, reasons: ['it is shutting down'] });
    expect((await fetch(`${admin}/healthz`)).status).toBe(200);

    answer();
    expect(connectionOf(await reply)).toEqual({ status: 200, connection: 'close', text: 'at last' });
    expect(await command.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(command.log.at(-1)).toMatchObject({ msg: 'stopped' });
  },
);

test('L04, C10 while it waits for shutdown.delay it takes requests, and every answer bears Connection: close', async () => {
  const { command, port } = await underWay({ shutdown: { delay: '1h' } });
  const kept = await connectRaw(port);
  kept.send('GET /api/1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  expect(await kept.until((text) => text.includes('bodySha256'))).not.toMatch(/^connection: close/im);

  command.child.kill('SIGTERM');
  await shuttingDown(command);

  kept.send('GET /api/2 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const answers = (await kept.toEnd()).split('HTTP/1.1 ').slice(1);
  expect(answers).toEqual([
    expect.stringMatching(/^200 /),
    expect.stringMatching(/^200 [\s\S]*^connection: close\r$/im),
  ]);
  expect(await call(port, '/api/3')).toMatchObject({ status: 200, headers: { connection: 'close' } });
  expect(await call(port, '/nowhere')).toMatchObject({ status: 404, headers: { connection: 'close' } });
});

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)(
  'L03 a second %s, more than a second after the first, ends it at once with %i, and the log says so',
  async (signal, code) => {
    const { command } = await underWay();
    command.child.kill('SIGTERM');
    await shuttingDown(command);
    // The second that tells an order from an echo passes on the clock of another process, which nobody can move.
    await passed(1100);
    command.child.kill(signal);
    expect(await command.ended).toMatchObject({ code, signal: null });
    expect(command.log.at(-1)).toMatchObject({ level: 'warn', signal, msg: expect.stringContaining('is cut') });
  },
);

test('two signals at once are one order', async () => {
  const { command, reply, answer } = await underWay();
  command.child.kill('SIGINT');
  command.child.kill('SIGTERM');
  await shuttingDown(command);
  answer();
  expect((await reply).status).toBe(200);
  expect(await command.ended).toMatchObject({ code: 0, signal: null });
});

test('a request that does not end is cut after shutdown.timeout', async () => {
  const { command, reply } = await underWay({ shutdown: { timeout: '50ms' } });
  command.child.kill('SIGTERM');
  await expect(reply).rejects.toThrow(/socket hang up|ECONNRESET/);
  expect(await command.ended).toMatchObject({ code: 0 });
  expect(command.stdout).toContain('"error":"shut_down"');
  // What we break off ourselves is nobody's outage.
  expect(command.stdout).not.toMatch(/destroyed|upstream_reset|token_unavailable/);
});

test.each([
  ['SIGUSR1', 'SIGUSR1: the inspector stays closed', 'warn'],
  ['SIGHUP', 'SIGHUP: the configuration has not changed', 'info'],
] as const)('S03 %s without a terminal changes nothing', async (signal, msg, level) => {
  const command = await started(await startApi());
  const { port } = await command.listening();
  command.child.kill(signal);
  expect(await command.logged((line) => line['msg'] === msg)).toMatchObject({ level });
  expect((await call(port, '/api/x')).status).toBe(200);
  expect(command.stderr).toBe('');
});

/** Tries again and again, as somebody does who waits for a service to come up. */
function connected(path: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ path }, () => {
      socket.destroy();
      resolve();
    }).on('error', () => void setImmediate(() => connected(path).then(resolve)));
  });
}

test('SIGHUP at the moment when it begins to listen does not end it', async () => {
  const socket = join(await folder(), 'proxy.sock');
  const command = bearerway(['-c', await configFile({ ...anywhere, listen: { socket }, admin: false })]);
  await connected(socket);
  command.child.kill('SIGHUP');
  await command.logged(({ msg }) => msg === 'listening');
  command.child.kill('SIGTERM');
  expect(await command.ended).toMatchObject({ code: 0, signal: null });
});

test.each(['SIGTERM', 'SIGINT'] as const)('the sandbox ends with 0 on %s', async (signal) => {
  const command = bearerway(['sandbox', '--port', '0']);
  await new Promise((resolve) => command.child.stdout?.once('data', resolve));
  expect(command.stdout).toMatch(/^sandbox of nitro, podero, optty and spotnana on http:\/\/127\.0\.0\.1:\d+ /);
  command.child.kill(signal);
  expect(await command.ended).toMatchObject({ code: 0, stderr: '' });
});
