/** A process that may have no more files and sockets open: it refuses, says so, and recovers when there is room again. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { adminConnectionsFor, connectionsFor } from '../../src/server/open-files.ts';
import { bearerway, configFile, folder } from '../cli/command.ts';
import { startApi } from '../support/api.ts';
import { CLIENT_SECRET, CLIENT_TOKEN } from '../support/canary.ts';
import { call, connectRaw, type RawConnection, type Reply } from '../support/client.ts';
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor } from '../support/proxy.ts';
import { type RawReply, repliesIn } from '../support/raw-replies.ts';
import { closing, listening } from '../support/server.ts';

const OPEN_FILES = 64;
/** More than there can be connections. */
const MANY = 2 * OPEN_FILES;

/** A client that asks one thing after the other on one connection. */
class Asker {
  readonly #connection: RawConnection;
  #asked = 0;

  constructor(connection: RawConnection) {
    this.#connection = connection;
  }

  async get(path: string): Promise<RawReply> {
    this.#asked += 1;
    this.#connection.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const replies = (received: string) => repliesIn(received);
    const all = replies(await this.#connection.until((received) => replies(received).length === this.#asked));
    return all.at(-1) as RawReply;
  }
}

/** An API that keeps connections for as long as it is told. It takes what the identity provider says is a current token, or none. */
async function startKeepingApi(provider: IdentityProvider) {
  const server = createServer(({ headers: { authorization = '' } }, response) => {
    const isWelcome = authorization === '' || provider.accepts(authorization.replace('Bearer ', ''));
    response.writeHead(isWelcome ? 200 : 401).end();
  });
  server.keepAliveTimeout = 600_000;
  const url = `http://127.0.0.1:${await listening(server)}`;
  onTestFinished(() => closing(server));
  return { url, letGo: () => server.closeIdleConnections() };
}

/** Leaves the process no room: connections that APIs keep take it. Gives the answer to the first that found none. */
async function fill(asker: Asker): Promise<RawReply> {
  for (let i = 0; i < MANY; i += 1) {
    const reply = await asker.get(`/fill/${i}/x`);
    if (reply.status !== 200) return reply;
  }
  throw new Error('there was room for all');
}

/** Asks until it is answered so: what was let go of is not all gone at once. */
async function until(asker: Asker, path: string, holds: (reply: RawReply) => boolean): Promise<RawReply> {
  for (;;) {
    const reply = await asker.get(path);
    if (holds(reply)) return reply;
  }
}

test('more clients than there is room for are turned away, with one line in the log; the others are served', async () => {
  const api = await startApi();
  const routes = [{ prefix: '/api', upstream: api.url }];
  const command = bearerway(['-c', await configFile({ routes })], { openFiles: OPEN_FILES });
  const { port, admin } = await command.listening();
  const clients = await Promise.all(Array.from({ length: MANY }, () => connectRaw(port)));
  const isTurnedAway = ({ msg }: { readonly msg?: unknown }) => /turned away.*ulimit -n/.test(String(msg));
  expect(await command.logged(isTurnedAway)).toMatchObject({ level: 'warn', connections: 1 });

  const served = clients.map(async (client) => {
    client.send('GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await client.until((received) => repliesIn(received).length === 1).catch(() => {});
    return repliesIn(client.received)[0]?.status;
  });
  const statuses = await Promise.all(served);
  expect(new Set(statuses)).toEqual(new Set([200, undefined]));
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(8);
  expect((await fetch(`${admin}/healthz`)).status).toBe(200);

  for (const client of clients) client.socket.destroy();
  let reply: Reply | undefined;
  while (reply === undefined) reply = await call(port, '/api/again').catch(() => undefined);
  expect(reply.status).toBe(200);
  expect(command.log.filter(isTurnedAway)).toHaveLength(1);
});

test('both addresses of loopback share the room', async () => {
  const api = await startApi();
  const file = await configFile({ routes: [{ prefix: '/api', upstream: api.url }] });
  const command = bearerway(['-c', file], { openFiles: OPEN_FILES });
  const { port } = await command.listening();
  const { listening: addresses } = await command.logged(({ msg }) => msg === 'listening');
  const hosts = String(addresses).includes('[::1]') ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
  const clients = await Promise.all(Array.from({ length: MANY }, (_, i) => connectRaw(port, hosts[i % hosts.length])));
  const served = clients.map(async (client) => {
    client.send('GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await client.until((received) => repliesIn(received).length === 1).catch(() => {});
    return repliesIn(client.received).length;
  });
  const count = (await Promise.all(served)).reduce((sum, each) => sum + each, 0);
  expect(count).toBe(connectionsFor(OPEN_FILES));
});

test('connections to the admin port, which need no token, leave room for clients and their APIs', async () => {
  const api = await startApi();
  const file = await configFile({
    admin: { port: 0, clientToken: CLIENT_TOKEN },
    routes: [{ prefix: '/api', upstream: api.url }],
  });
  const command = bearerway(['-c', file], { openFiles: OPEN_FILES });
  const { port, admin } = await command.listening();
  const stranger = () => connectRaw(Number(new URL(admin).port));
  const strangers = await Promise.all(Array.from({ length: adminConnectionsFor(OPEN_FILES) }, stranger));
  // One in the middle of a request gives way to nobody.
  const halfway = async (each: RawConnection) => {
    each.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\n');
    await each.until((received) => repliesIn(received).length === 1);
  };
  await Promise.all(strangers.map(halfway));
  strangers.push(...(await Promise.all(Array.from({ length: MANY }, stranger))));
  expect((await call(port, '/api/x')).status).toBe(200);
  await command.logged(({ msg }) => /connections to the admin port are turned away/.test(String(msg)));
  for (const { socket } of strangers) socket.destroy();
});

test('connections to the admin port on which nothing is asked any more do not keep a probe out', async () => {
  const command = bearerway(
    ['-c', await configFile({ routes: [{ prefix: '/api', upstream: 'http://127.0.0.1:9' }] })],
    {
      openFiles: OPEN_FILES,
    },
  );
  const { admin } = await command.listening();
  const port = Number(new URL(admin).port);
  for (let i = 0; i < MANY; i += 1) {
    const prober = new Asker(await connectRaw(port));
    expect((await prober.get('/healthz')).status).toBe(200);
  }
  expect(command.log.filter(({ msg }) => /turned away/.test(String(msg)))).toEqual([]);
});

async function scene(secret: Readonly<Record<string, unknown>> = {}) {
  const provider = await startIdentityProvider();
  const api = await startKeepingApi(provider);
  const filling = Array.from({ length: MANY }, (_, i) => ({ prefix: `/fill/${i}`, upstream: api.url }));
  const file = await configFile({
    credentials: { main: credentialFor(provider, secret) },
    routes: [...filling, { prefix: '/guarded', upstream: api.url, credential: 'main' }],
  });
  const command = bearerway(['-c', file], { openFiles: OPEN_FILES });
  const { port } = await command.listening();
  return { provider, api, command, asker: new Asker(await connectRaw(port)) };
}

test('no connection to an API can be opened: 503 overloaded, which says what to do, until one can', async () => {
  const { api, asker, command } = await scene();
  const reply = await fill(asker);
  expect(reply).toMatchObject({ status: 503, code: 'overloaded' });
  expect(reply.get('retry-after')).toBe('1');
  expect(reply.body).toContain('ulimit -n');
  expect(await command.logged(({ error }) => error === 'overloaded')).toMatchObject({
    reason: expect.stringContaining('EMFILE'),
  });
  api.letGo();
  await until(asker, `/fill/${MANY - 1}/x`, ({ status }) => status === 200);
});

test.each([
  ['no connection to the token endpoint can be opened', false],
  ['the file of the secret cannot be read', true],
])("%s: the API's own 401 is the answer, until it can", async (_name, isInFile) => {
  const clientSecretFile = join(await folder(), 'secret');
  await writeFile(clientSecretFile, CLIENT_SECRET);
  const { provider, api, asker, command } = await scene(isInFile ? { clientSecret: undefined, clientSecretFile } : {});
  expect((await asker.get('/guarded/x')).status).toBe(200);
  provider.letGo();
  await fill(asker);
  provider.revoke();
  const reply = await until(asker, '/guarded/x', ({ status }) => status === 401);
  expect(reply.get('bearerway-retry')).toBe('skipped; reason=token-unavailable');
  expect(await command.logged(({ msg }) => /no token could be had/.test(String(msg)))).toMatchObject({
    error: 'token_unavailable',
    reason: expect.stringContaining('EMFILE'),
  });

  api.letGo();
  await command.logged(({ msg }) => msg === 'token obtained; all is well again');
  await until(asker, '/guarded/x', ({ status }) => status === 200);
});
