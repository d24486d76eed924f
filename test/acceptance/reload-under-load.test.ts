/** Reloads while requests come: counted by their clients, however many a machine can make meanwhile. */
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { bearerway, folder } from '../cli/command.ts';
import { startApi } from '../support/api.ts';
import { CLIENT_SECRET, expectNoCanary } from '../support/canary.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, startProxy } from '../support/proxy.ts';

/** Clients that ask one thing after the other, some on kept connections and some on new ones, until they are told to stop. */
function startClients(
  port: number,
  count = 8,
): { readonly answered: (more: number) => Promise<void>; readonly stop: () => Promise<string[]> } {
  const kept = new Agent({ keepAlive: true });
  onTestFinished(() => kept.destroy());
  const outcomes = new Map<string, number>();
  let total = 0;
  let stopped = false;
  let wake = (): void => {};
  const ask = (isKept: boolean): Promise<string> =>
    new Promise((resolve) => {
      const agent = isKept ? kept : false;
      request({ host: '127.0.0.1', port, path: '/api/x', method: 'POST', agent }, (response) => {
        response
          .resume()
          .on('end', () => resolve(String(response.statusCode)))
          .on('error', ({ message }) => resolve(message));
      })
        .on('error', ({ message }) => resolve(message))
        .end('a body');
    });
  const clients = Array.from({ length: count }, async (_, i) => {
    while (!stopped) {
      const outcome = await ask(i % 2 === 0);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      total += 1;
      wake();
    }
  });
  return {
    async answered(more) {
      const until = total + more;
      while (total < until) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    /** The kinds of outcome that there were. */
    async stop() {
      stopped = true;
      await Promise.all(clients);
      return [...outcomes.keys()];
    },
  };
}

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
