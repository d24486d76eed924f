/** Reloads while requests come: counted by their clients, however many a machine can make meanwhile. */
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { bearerway, folder } from '../cli/command.ts';
import { startApi } from '../support/api.ts';
import { CLIENT_SECRET, expectNoCanary } from '../support/canary.ts';
import { startClients } from '../support/clients.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, startProxy } from '../support/proxy.ts';

test('30 reloads under load, each of them another config: no request is lost, no token asked for anew', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const route = { prefix: '/api', upstream: api.url, credential: 'main' };
  const credentials = { main: credentialFor(provider) };
  // The route itself stays, changes, and gets another credential beside it.
  const configs = [
    { credentials, routes: [route] },
    { credentials, routes: [{ ...route, connections: 20 }] },
    { credentials, routes: [route, { prefix: '/more', upstream: api.url }], limits: { inFlight: 500 } },
  ];
  const proxy = await startProxy({ credentials, routes: [route] });
  await proxy.told(/token obtained/);
  const clients = startClients(proxy.port);
  for (let turn = 1; turn <= 30; turn += 1) {
    await proxy.reload(configs[turn % configs.length] ?? {});
    await clients.answered(10);
  }
  expect(await clients.stop()).toEqual(['200']);
  expect(provider.requests).toHaveLength(1);
});

test('L08 a secret rotated by a symlink swap, under load: no request fails, and the old token is used until the new one is there', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const at = await folder();
  for (const name of ['old', 'new']) {
    const main = credentialFor(provider, { clientSecret: `${CLIENT_SECRET}-${name}`, clientAuth: 'post' });
    const routes = [{ prefix: '/api', upstream: api.url, credential: 'main' }];
    await mkdir(join(at, name));
    await writeFile(
      join(at, name, 'proxy.yaml'),
      stringify({ listen: { port: 0 }, admin: false, credentials: { main }, routes }),
    );
  }
  await symlink('old', join(at, '..data'));
  await symlink('..data/proxy.yaml', join(at, 'proxy.yaml'));
  const command = bearerway(['run', '-c', join(at, 'proxy.yaml')]);
  const { port } = await command.listening();
  await command.logged(({ msg }) => msg === 'token obtained');
  const clients = startClients(port, 4);
  await clients.answered(20);

  provider.goSlow();
  await symlink('new', join(at, '..data_tmp'));
  await rename(join(at, '..data_tmp'), join(at, '..data'));
  await provider.requested(2);
  const [first] = provider.issued;
  await clients.answered(20);
  expect(api.requests.at(-1)?.headers.authorization).toBe(`Bearer ${first}`);
  provider.goOn();
  expect(await command.logged(({ changed }) => changed !== undefined)).toMatchObject({ changed: ['credential main'] });
  await clients.answered(20);

  expect(await clients.stop()).toEqual(['200']);
  expect(provider.requests.map(({ body }) => new URLSearchParams(body).get('client_secret'))).toEqual([
    `${CLIENT_SECRET}-old`,
    `${CLIENT_SECRET}-new`,
  ]);
  expect(api.requests.at(-1)?.headers.authorization).toBe(`Bearer ${provider.issued[1]}`);
  expectNoCanary(command.stdout + command.stderr, 'the output');
});
