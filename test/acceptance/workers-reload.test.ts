/** Another config for several processes: it is in force for all that comes, and what is under way does not notice. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { folder } from '../cli/command.ts';
import { CLIENT_SECRET } from '../support/canary.ts';
import { selfSigned } from '../support/certificate.ts';
import { call } from '../support/client.ts';
import { startClients } from '../support/clients.ts';
import { type Crewed, startCrewed } from '../support/crew.ts';
import { credentialFor } from '../support/proxy.ts';

// Each starts several processes.
vi.setConfig({ testTimeout: 60_000 });

const route = (crewed: Crewed, more: Readonly<Record<string, unknown>> = {}) => ({
  prefix: '/api',
  upstream: crewed.api.url,
  credential: 'main',
  ...more,
});

test('under load no request is lost, no token asked for anew, and the workers before end', async () => {
  const crewed = await startCrewed();
  const before = await crewed.served(2);
  const clients = startClients(crewed.port, 4);
  for (let turn = 1; turn <= 4; turn += 1) {
    expect(await crewed.reload({ limits: { inFlight: 500 + turn } })).toMatchObject({ changed: ['limits.inFlight'] });
    await clients.answered(20);
  }
  expect(await clients.stop()).toEqual(['200']);
  expect(crewed.provider.requests).toHaveLength(1);
  const gone = await crewed.told('a worker has ended', 8);
  expect(gone.map(({ pid }) => pid)).toEqual(expect.arrayContaining(before));
  expect(await crewed.served(10)).toHaveLength(10);
  expect(crewed.command.stderr).toBe('');
});

test('what is under way gets its tokens by the config that it came under, and all else by the new one', async () => {
  const crewed = await startCrewed();
  const { provider, api } = crewed;
  const arrived = Promise.withResolvers<() => void>();
  api.behaveOnce((_, response) => {
    arrived.resolve(() => {
      response.statusCode = 401;
      response.end();
    });
  });
  const held = call(crewed.port, '/api/held');
  const refuse = await arrived.promise;
  const main = credentialFor(provider, { clientSecret: `${CLIENT_SECRET}-new`, clientAuth: 'post' });
  expect(await crewed.reload({ credentials: { main } })).toMatchObject({ changed: ['credential main'] });
  expect((await crewed.calls(4)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(new Set(api.requests.slice(1).map(({ headers }) => headers.authorization))).toEqual(
    new Set([`Bearer ${provider.issued[1]}`]),
  );
  refuse();
  expect((await held).status).toBe(200);
  expect(provider.requests).toHaveLength(3);
  expect(provider.requests[2]?.body).not.toContain(CLIENT_SECRET);
  expect(api.requests.at(-1)?.headers.authorization).toBe(`Bearer ${provider.issued[2]}`);
});

test('another port is served by the new workers, with TLS if they say so, and the one before is let go', async () => {
  const crewed = await startCrewed();
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port = 0 } = free.address() as AddressInfo; // It listens on a port.
  await promisify(free.close.bind(free))();
  const { cert, key } = selfSigned();
  const line = await crewed.reload({ listen: { port, tls: { cert, key } } });
  expect(line).toMatchObject({ listening: expect.arrayContaining([`https://127.0.0.1:${port}`]) });
  const socket = connect({ host: '127.0.0.1', port, ca: cert, checkServerIdentity: () => undefined });
  onTestFinished(() => void socket.destroy());
  socket.write('GET /api/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  const [chunk] = await once(socket, 'data');
  expect(String(chunk)).toMatch(/^HTTP\/1\.1 200 /);
  await expect(call(crewed.port, '/api/x')).rejects.toThrow('ECONNREFUSED');
});

test('when its workers cannot start nothing changes, and the admin port says why', async () => {
  const at = await folder();
  const [preload, bad] = [join(at, 'preload.mjs'), join(at, 'bad')];
  await writeFile(
    preload,
    `import { existsSync } from 'node:fs';
    if (process.argv[1].endsWith('worker.ts') && existsSync(${JSON.stringify(bad)})) process.exit(3);`,
  );
  const crewed = await startCrewed({ env: { NODE_OPTIONS: `--import=${preload}` } });
  await writeFile(bad, '');
  expect(await crewed.reload({ routes: [route(crewed, { prefix: '/other' })] })).toMatchObject({
    level: 'error',
    faults: ['a worker ended before it served (with code 3)'],
  });
  expect((await crewed.calls(4)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const { reload } = JSON.parse(await crewed.seen('/api/status'));
  expect(reload).toMatchObject({ ok: false, error: 'a worker ended before it served (with code 3)' });
});

test('on SIGTERM what workers of the config before have in hand is finished as well', async () => {
  const crewed = await startCrewed();
  const before = await crewed.held(2);
  await crewed.reload({ limits: { inFlight: 500 } });
  const after = await crewed.held(2);
  crewed.command.child.kill('SIGTERM');
  await crewed.command.logged(({ msg }) => String(msg).startsWith('shutting down'));
  after.answer();
  expect((await Promise.all(after.replies)).map(({ status }) => status)).toEqual([200, 200]);
  await crewed.told('a worker has ended', 2);
  before.answer();
  expect((await Promise.all(before.replies)).map(({ status }) => status)).toEqual([200, 200]);
  expect(await crewed.command.ended).toMatchObject({ code: 0, stderr: '' });
});

test('the number of workers is another after a restart only', async () => {
  const crewed = await startCrewed();
  await crewed.reload({ workers: 3 });
  expect(await crewed.command.logged(({ key }) => key === 'workers')).toMatchObject({ level: 'warn' });
  expect(await crewed.served(4)).toHaveLength(4);
});
