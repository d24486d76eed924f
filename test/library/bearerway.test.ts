/** A proxy's life in a program. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createBearerway } from '../../src/index.ts';
import { configFile } from '../cli/command.ts';
import { CLIENT_SECRET, expectNoCanary } from '../support/canary.ts';
import { stage } from './proxy.ts';

test('it serves others as well, tells where, and can be started again', async () => {
  const { proxy } = await stage();
  const told: unknown[] = [];
  proxy.on('listening', (listening) => told.push(listening));
  const [first, same] = await Promise.all([proxy.start(), proxy.start()]);
  expect(same).toEqual(first);
  expect((await fetch(`${first.addresses[0]}/api/x`)).status).toBe(200);
  await proxy.stop();
  await expect(fetch(`${first.addresses[0]}/api/x`)).rejects.toThrow();
  const again = await proxy.start();
  expect((await fetch(`${again.addresses[0]}/api/x`)).status).toBe(200);
  expect(told).toEqual([first, again]);
  await Promise.all([proxy.stop(), proxy.stop()]);
});

test('it reads a file, in which variables are replaced', async () => {
  const { api, config } = await stage();
  const file = await configFile({ ...config, routes: [{ prefix: '/api', upstream: '${API}' }] });
  const proxy = createBearerway({ file }, { env: { API: api.url } });
  onTestFinished(() => proxy.stop());
  await proxy.start();
  await proxy.fetch('/api/x');
  expect(api.requests).toHaveLength(1);
});

test('in an object nothing is replaced: a secret may look like a variable', async () => {
  const { api, proxy } = await stage({
    credentials: { main: { type: 'static', token: '${HOME}' } },
  });
  await proxy.start();
  await proxy.fetch('/api/x');
  expect(api.requests[0]?.headers.authorization).toBe('Bearer ${HOME}');
});

test('all faults of a configuration are told by their paths, without a value', async () => {
  const { config } = await stage();
  // What a program without types can do.
  const wrong = {
    ...config,
    listen: { prot: 1 },
    routes: [{ prefix: 'api', upstream: CLIENT_SECRET }],
  } as typeof config;
  const proxy = createBearerway(wrong);
  const error = await proxy.start().catch((thrown) => thrown);
  expect(error).toMatchObject({ name: 'BearerwayError', code: 'config_invalid' });
  expect(error.faults.map(({ path }: { path: string }) => path)).toEqual([
    'listen.prot',
    'routes[0].prefix',
    'routes[0].upstream',
  ]);
  expect(error.message).toContain('listen.prot: is not known here (did you mean "port"?)');
  expectNoCanary(`${error.message}${JSON.stringify(error)}`, 'an error');
});

test('those of a file by their lines', async () => {
  const proxy = createBearerway({ file: await configFile('routes: []\nlisten: {prot: 1}\n') });
  const error = await proxy.start().catch((thrown) => thrown);
  expect(error.faults).toEqual([
    { line: 1, column: 9, path: 'routes', message: expect.any(String) },
    { line: 2, column: 10, path: 'listen.prot', message: expect.any(String) },
  ]);
});

test('a port that is taken is the error of the system, and leaves nothing behind', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as { port: number };
  const { proxy } = await stage({ listen: { port } });
  await expect(proxy.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  taken.close();
  await once(taken, 'close');
  expect((await proxy.start()).port).toBe(port);
});

test('a listener that is taken away hears nothing more', async () => {
  const { proxy, told } = await stage();
  const heard: unknown[] = [];
  const listener = (request: unknown): void => {
    heard.push(request);
  };
  proxy.on('request', listener).off('request', listener);
  await proxy.start();
  await proxy.fetch('/api/x');
  await told(1);
  expect(heard).toEqual([]);
});
