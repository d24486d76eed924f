/** Where the proxy listens, when the config says otherwise. */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect as connectTcp, createServer } from 'node:net';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { folder } from '../cli/command.ts';
import { startApi, whenWhole } from '../support/api.ts';
import { selfSigned } from '../support/certificate.ts';
import { call, connectRaw, RawConnection } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import { listening } from '../support/server.ts';

const GET = 'GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n';

async function start(more: Readonly<Record<string, unknown>> = {}) {
  const api = await startApi();
  const config = { routes: [{ prefix: '/api', upstream: api.url }] };
  return { api, config, proxy: await startProxy({ ...config, ...more }) };
}

async function ask(client: RawConnection): Promise<string> {
  const before = client.received.length;
  client.send(GET);
  return (await client.until((text) => text.slice(before).includes('"bodyLength"'))).slice(before);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await listening(probe);
  probe.close();
  await once(probe, 'close');
  return port;
}

/** The certificate that a client is shown; `session` is that of an earlier connection. */
async function shown(port: number, options: object = {}): Promise<PeerCertificate> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  return socket.getPeerCertificate();
}

const commonName = async (port: number): Promise<string> => (await shown(port)).subjectaltname ?? '';

test('a listener that did not change keeps its port, though that was any free one, and its connections', async () => {
  const { config, proxy } = await start();
  const client = await connectRaw(proxy.port);
  await ask(client);
  await proxy.reload({ ...config, listen: { allowedHosts: ['proxy.test'] } });
  expect(proxy.app.bound.port).toBe(proxy.port);
  expect(await ask(client)).not.toMatch(/^connection: close/im);
  expect((await proxy.call('/api/x', { headers: { host: 'proxy.test' } })).status).toBe(200);
});

test('another port is listened on, and the one before is let go; what is under way there is finished', async () => {
  const { api, config, proxy } = await start();
  const arrived = Promise.withResolvers<() => void>();
  api.behaveOnce(whenWhole((_, response) => arrived.resolve(() => response.end('finished'))));
  const reply = proxy.call('/api/slow');
  const answer = await arrived.promise;
  const port = await freePort();
  await proxy.reload({ ...config, listen: { port } });
  expect((await call(port, '/api/x')).status).toBe(200);
  await expect(connectRaw(proxy.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  answer();
  expect(await reply).toMatchObject({ status: 200, text: 'finished' });
  expect(proxy.app.bound.addresses).toContain(`http://127.0.0.1:${port}`);
});

test('an address that takes in the one before on the same port is listened on', async () => {
  const port = await freePort();
  const { config, proxy } = await start({ listen: { port } });
  const client = await connectRaw(port);
  await ask(client);
  await proxy.reload({ ...config, listen: { host: '0.0.0.0', port, openListener: true } });
  expect(proxy.app.bound.addresses).toEqual([`http://0.0.0.0:${port}`]);
  expect((await call(port, '/api/x')).status).toBe(200);
  expect(await ask(client)).toMatch(/^connection: close\r$/im);
});

test('an address that cannot be had leaves all as it was, the port too where it had to be let go for it', async () => {
  const { config, proxy } = await start();
  const taken = createServer();
  const port = await listening(taken);
  const client = await connectRaw(proxy.port);
  await ask(client);
  const routes = [{ prefix: '/other', upstream: config.routes[0]?.upstream }];

  await expect(proxy.reload({ routes, listen: { port } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  const neighbour = createServer().listen(proxy.port, '127.0.0.2');
  await once(neighbour, 'listening');
  const all = { host: '0.0.0.0', port: proxy.port, openListener: true };
  await expect(proxy.reload({ routes, listen: all })).rejects.toMatchObject({ code: 'EADDRINUSE' });

  expect((await proxy.call('/api/x')).status).toBe(200);
  await ask(client);
  taken.close();
  neighbour.close();
});

test('an admin port that cannot be had lets the new listener go again', async () => {
  const { config, proxy } = await start();
  const taken = createServer();
  const [port, admin] = [await freePort(), await listening(taken)];
  await expect(proxy.reload({ ...config, listen: { port }, admin: { port: admin } })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    port: admin,
  });
  await expect(connectRaw(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect((await proxy.call('/api/x')).status).toBe(200);
  expect((await fetch(`${proxy.adminUrl}/healthz`)).status).toBe(200);
  taken.close();
});

test('the admin port moves, ends, and comes again', async () => {
  const { config, proxy } = await start();
  const before = proxy.adminUrl;
  const port = await freePort();
  await proxy.reload({ ...config, admin: { port } });
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  await expect(fetch(`${before}/healthz`)).rejects.toThrow();
  await proxy.reload({ ...config, admin: false });
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  await proxy.reload({ ...config, admin: { port, host: '0.0.0.0' } });
  await proxy.reload({ ...config, admin: { port } });
  expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
});

test('a new certificate is shown to the next client, and connections that are there go on', async () => {
  const [before, after] = [selfSigned('before.test'), selfSigned('after.test')];
  const { config, proxy } = await start({ listen: { tls: before } });
  const client = connect({ host: '127.0.0.1', port: proxy.port, rejectUnauthorized: false });
  onTestFinished(() => void client.destroy());
  await once(client, 'secureConnect');
  const session = client.getSession();
  await proxy.reload({ ...config, listen: { tls: after } });
  expect(proxy.app.bound.port).toBe(proxy.port);
  expect(await commonName(proxy.port)).toBe('DNS:after.test');
  expect((await shown(proxy.port, { session })).subjectaltname).toBe('DNS:after.test');
  client.write(GET);
  expect(String((await once(client, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 OK\r\n(?!.*connection: close)/is);
});

test('TLS begins on a port that is open; a connection from before ends behind its next answer', async () => {
  const { config, proxy } = await start();
  const client = await connectRaw(proxy.port);
  await ask(client);
  await proxy.reload({ ...config, listen: { tls: selfSigned('now.test') } });
  expect(await commonName(proxy.port)).toBe('DNS:now.test');
  expect(proxy.app.bound.addresses[0]).toBe(`https://127.0.0.1:${proxy.port}`);
  expect(await ask(client)).toMatch(/^connection: close\r$/im);
  await proxy.reload(config);
  expect((await proxy.call('/api/x')).status).toBe(200);
});

test('a client that has to show a certificate from now on is not let in by a session from before', async () => {
  const [own, client] = [selfSigned(), selfSigned()];
  const { config, proxy } = await start({ listen: { tls: own } });
  const first = connect({ host: '127.0.0.1', port: proxy.port, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
  await once(first, 'secureConnect');
  const session = first.getSession();
  first.destroy();
  await proxy.reload({ ...config, listen: { tls: { ...own, clientCa: client.cert } } });
  const again = { maxVersion: 'TLSv1.2' };
  await expect(shown(proxy.port, { ...again, session })).rejects.toThrow();
  await shown(proxy.port, { ...again, ...client });
});

/** A way to the proxy on which what a client sends behind its ClientHello waits for `letGo`. */
async function heldWay(port: number) {
  const [held, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const server = createServer((client) => {
    const proxy = connectTcp(port, '127.0.0.1');
    proxy.on('error', () => {}).pipe(client.on('error', () => {}));
    client.once('data', (hello) => {
      proxy.write(hello);
      client.once('data', async (rest) => {
        client.pause();
        held.resolve();
        await gate.promise;
        proxy.write(rest);
        client.pipe(proxy);
      });
    });
  });
  onTestFinished(() => void server.close());
  return { port: await listening(server), held: held.promise, letGo: gate.resolve };
}

test.each([
  ['has another clientCa', { clientCa: selfSigned().cert }, true],
  ['has another certificate', selfSigned(), false],
])('a client in the middle of its handshake at a reload that %s', async (_, change, isEnded) => {
  const [own, client] = [selfSigned(), selfSigned()];
  const tls = { ...own, clientCa: client.cert };
  const { config, proxy } = await start({ listen: { tls } });
  const way = await heldWay(proxy.port);
  const socket = connect({ host: '127.0.0.1', port: way.port, rejectUnauthorized: false, ...client });
  onTestFinished(() => void socket.destroy());
  const connection = new RawConnection(socket);
  await way.held;
  await proxy.reload({ ...config, listen: { tls: { ...tls, ...change } } });
  way.letGo();
  const answer = await ask(connection);
  expect(/^connection: close/im.test(answer)).toBe(isEnded);
  if (isEnded) await connection.toEnd();
});

test('a socket gets another mode without being closed, and another path', async () => {
  const [path, other] = [join(await folder(), 'a.sock'), join(await folder(), 'b.sock')];
  const { config, proxy } = await start({ listen: { socket: path } });
  const [{ ino }, mode] = [statSync(path), () => (statSync(path).mode & 0o777).toString(8)];
  expect(mode()).toBe('600');
  await proxy.reload({ ...config, listen: { socket: path, socketMode: '0660' } });
  expect([mode(), statSync(path).ino]).toEqual(['660', ino]);
  await proxy.reload({ ...config, listen: { socket: other } });
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  expect(statSync(other).isSocket()).toBe(true);
});
