/** Several processes behind one port are one proxy. */
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { anywhere, bearerway, configFile, folder } from '../cli/command.ts';
import { expectNoCanary } from '../support/canary.ts';
import { selfSigned } from '../support/certificate.ts';
import { call, connectRaw } from '../support/client.ts';
import { startCrewed } from '../support/crew.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';
import { behindHead, handshake, SWITCHING } from '../support/tunnel.ts';

// Each starts several processes.
vi.setConfig({ testTimeout: 60_000 });

const statuses = (replies: readonly { readonly status: number }[]) => [...new Set(replies.map(({ status }) => status))];

test('all workers serve: limits are those of each', async () => {
  const crewed = await startCrewed({ config: { limits: { inFlight: 1 } } });
  const { replies, answer } = await crewed.held(2);
  const more = await crewed.calls(6);
  expect(more.map(({ status, text }) => [status, JSON.parse(text).code])).toEqual(
    Array.from({ length: 6 }, () => [503, 'overloaded']),
  );
  answer();
  expect(statuses(await Promise.all(replies))).toEqual([200]);
});

test('requests in all workers make one token request, and refusals in all of them one renewal', async () => {
  const crewed = await startCrewed();
  const { provider, command } = crewed;
  expect(statuses(await crewed.calls(40))).toEqual([200]);
  expect(provider.requests).toHaveLength(1);
  provider.revoke();
  expect(statuses(await crewed.calls(40))).toEqual([200]);
  expect(provider.requests).toHaveLength(2);
  expect(await crewed.told('token obtained', 2)).toHaveLength(2);
  expectNoCanary(command.stdout + command.stderr, 'the output');
});

test('requests that came before the first token wait for one token request', async () => {
  const crewed = await startCrewed();
  const { provider } = crewed;
  provider.revoke();
  provider.goSlow();
  const waiting = crewed.calls(20);
  await provider.requested(2);
  provider.goOn();
  expect(statuses(await waiting)).toEqual([200]);
  expect(provider.requests).toHaveLength(2);
});

test('when no token can be had the failure is as that of one process, and costs no more token requests', async () => {
  const crewed = await startCrewed();
  const { provider, api, command } = crewed;
  provider.answerAlways({ status: 400, body: { error: 'invalid_client' } });
  provider.revoke();
  const replies = await crewed.calls(20);
  expect(statuses(replies)).toEqual([401]);
  expect(replies.map(({ headers }) => headers['bearerway-retry'])).toEqual(
    Array.from({ length: 20 }, () => 'skipped; reason=token-unavailable'),
  );
  expect(provider.requests).toHaveLength(2);
  expect(api.requests).toHaveLength(20);
  expectNoCanary(command.stdout + command.stderr, 'the output');
});

test('a loop is found whichever worker the request comes back to', async () => {
  const crewed = await startCrewed();
  await crewed.calls(1);
  const hop = String(crewed.api.requests[0]?.headers['bearerway-hop']);
  expect(hop).toMatch(/^[0-9a-f]{32}$/);
  const back = Array.from({ length: 6 }, () => call(crewed.port, '/api/x', { headers: { 'Bearerway-Hop': hop } }));
  expect(statuses(await Promise.all(back))).toEqual([508]);
});

test('lines of the log are whole, however long they are and whoever writes them', async () => {
  const crewed = await startCrewed();
  const names = Array.from({ length: 150 }, (_, i) => `/api/${String(i).padStart(4, '0')}${'x'.repeat(7000)}`);
  await Promise.all(names.map((name) => call(crewed.port, name)));
  crewed.command.child.kill('SIGTERM');
  const { code, stdout } = await crewed.command.ended;
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  const paths = lines.map((line) => JSON.parse(line)).flatMap(({ msg, path }) => (msg === 'request' ? [path] : []));
  expect(paths.toSorted()).toEqual(names);
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ msg: 'stopped' });
});

test('a socket is made once, with its mode, and is gone at the end', async () => {
  const path = join(await folder(), 'b.sock');
  const { command } = await startOn({ socket: path, socketMode: '0660' });
  for (let i = 0; i < 4; i += 1) {
    const sent = request({ socketPath: path, path: '/nowhere', agent: false }).end();
    const [response] = await once(sent, 'response');
    expect(response.statusCode).toBe(404);
    response.resume();
  }
  expect(statSync(path).mode & 0o777).toBe(0o660);
  await command.logged(({ client }) => client === 'unix:');
  command.child.kill('SIGTERM');
  expect(await command.ended).toMatchObject({ code: 0 });
  expect(existsSync(path)).toBe(false);
});

test('TLS is spoken by the workers, on both addresses of loopback', async () => {
  const { cert, key } = selfSigned();
  const { command, listening } = await startOn({ port: 0, tls: { cert, key } });
  for (const address of [...listening, ...listening]) {
    const { hostname, port } = new URL(address);
    const host = hostname.replace(/[[\]]/g, '');
    const socket = connect({ host, port: Number(port), ca: cert, checkServerIdentity: () => undefined });
    onTestFinished(() => void socket.destroy());
    socket.write('GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    const [chunk] = await once(socket, 'data');
    expect(String(chunk)).toMatch(/^HTTP\/1\.1 404 /);
  }
  expect(listening).toHaveLength(2);
  command.child.kill('SIGTERM');
  expect(await command.ended).toMatchObject({ code: 0 });
});

test('through a worker a tunnel is open to the client whose own side has ended', async () => {
  const api = await startRawApi();
  const routes = [{ prefix: '/api', upstream: api.url }];
  const command = bearerway(['-c', await configFile({ workers: 2, admin: false, routes })]);
  const { port } = await command.listening();
  const client = await connectRaw(port);
  client.send(handshake());
  const end = await api.connection();
  await end.until(hasHead);
  end.send(SWITCHING);
  await client.until(hasHead);
  client.socket.end('last words');
  expect(behindHead(await end.toEnd())).toBe('last words');
  end.send('but one');
  end.socket.end();
  expect(behindHead(await client.toEnd())).toBe('but one');
});

test('a port that another program has is told once, and nothing is left running', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const address = other.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const { code, stdout, stderr } = await bearerway([
    '-c',
    await configFile({ workers: 2, listen: { port }, ...anywhere }),
  ]).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^bearerway: the proxy cannot listen on 127\.0\.0\.1:\d+: another program does\.[^\n]*\n$/);
});

async function startOn(listen: Readonly<Record<string, unknown>>) {
  const command = bearerway(['-c', await configFile({ workers: 2, listen, admin: false, ...anywhere })]);
  const { listening } = await command.logged(({ msg }) => msg === 'listening');
  return { command, listening: listening as string[] };
}
