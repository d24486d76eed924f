/** What `run` tells of where it listens, and why it cannot. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { curlLine } from '../../src/app/curl-line.ts';
import { read } from '../config/reading.ts';
import { CLIENT_TOKEN } from '../support/canary.ts';
import { selfSigned } from '../support/certificate.ts';
import { call, connectRaw } from '../support/client.ts';
import { anywhere, bearerway, Command, configFile, folder, main } from './command.ts';

const onSocket = (socket: string) => configFile({ listen: { socket }, admin: false, ...anywhere });

test('a socket is told as unix: and its path, and is gone at the end', async () => {
  const path = join(await folder(), 'b.sock');
  const command = bearerway(['-c', await onSocket(path)]);
  const line = await command.logged(({ msg }) => msg === 'listening');
  expect(line['listening']).toEqual([`unix:${path}`]);
  command.child.kill('SIGTERM');
  expect(await command.ended).toMatchObject({ code: 0 });
  await bearerway(['-c', await onSocket(path)]).logged(({ msg }) => msg === 'listening');
});

test('one that was killed is started again on the same socket', async () => {
  const path = join(await folder(), 'b.sock');
  const first = bearerway(['-c', await onSocket(path)]);
  await first.logged(({ msg }) => msg === 'listening');
  first.child.kill('SIGKILL');
  await first.ended;
  await bearerway(['-c', await onSocket(path)]).logged(({ msg }) => msg === 'listening');
});

describe('a socket that cannot be had is told with what to do', () => {
  test.each<[string, (path: string) => Promise<unknown>, string]>([
    ['somebody listens', (path) => listenOn(path), 'another program listens there. Stop that, or set another with'],
    ['a file is there', (path) => writeFile(path, 'x'), 'there is a file, and no socket. Remove it if nobody needs it'],
  ])('%s', async (_, prepare, words) => {
    const path = join(await folder(), 'b.sock');
    await prepare(path);
    const { code, stderr } = await bearerway(['-c', await onSocket(path)]).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`bearerway: the proxy cannot listen on ${path}: ${words}`);
  });

  test('no folder', async () => {
    const path = join(await folder(), 'none/b.sock');
    expect(await bearerway(['-c', await onSocket(path)]).ended).toMatchObject({
      code: 1,
      stderr: `bearerway: the proxy cannot listen on ${path}: there is no such folder. Make it, or set another with listen.socket.\n`,
    });
  });
});

async function listenOn(path: string): Promise<void> {
  const server = createServer((socket) => socket.destroy()).listen(path);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
}

describe('B14 off loopback', () => {
  const start = async (listen: object) =>
    bearerway(['-c', await configFile({ listen: { host: '0.0.0.0', port: 0, ...listen }, admin: false, ...anywhere })]);

  test('it does not start unguarded, and says what would do', async () => {
    const { code, stdout, stderr } = await (await start({})).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /listen\.host: is open to other machines: set clientToken or tls\.clientCa \(or openListener: true, /,
    );
  });

  const { cert, key } = selfSigned();
  test.each<[string, object]>([
    ['a client token', { clientToken: CLIENT_TOKEN }],
    ['client certificates', { tls: { cert, key, clientCa: cert } }],
    ['the word that it is meant to be open', { openListener: true }],
  ])('it does with %s', async (_, listen) => {
    const command = await start(listen);
    const line = await command.logged(({ msg }) => msg === 'listening');
    expect(line['listening']).toEqual([expect.stringMatching(/^https?:\/\/0\.0\.0\.0:\d+$/)]);
  });
});

describe('the line to try fits where it listens', () => {
  const { cert, key } = selfSigned();
  const route = 'routes: [{prefix: /a, upstream: "https://api.example.com"}]';
  const line = (keys: string) => curlLine(read(`listen: {${keys}}\n${route}`).listen, 'ADDRESS', '/a');
  const tls = (more: object = {}) => `tls: ${JSON.stringify({ cert, key, ...more })}`;
  test.each([
    ['', 'curl ADDRESS/a/anything'],
    ['socket: /run/b.sock', 'curl --unix-socket /run/b.sock http://localhost/a/anything'],
    ['socket: "/run/b c.sock"', "curl --unix-socket '/run/b c.sock' http://localhost/a/anything"],
    [tls(), 'curl --cacert CA.pem ADDRESS/a/anything'],
    [
      `socket: /s, ${tls({ clientCa: cert })}`,
      'curl --unix-socket /s --cacert CA.pem --cert CLIENT.pem --key CLIENT-KEY.pem https://localhost/a/anything',
    ],
    ['clientToken: canary', "curl -H 'Bearerway-Client-Token: TOKEN' ADDRESS/a/anything"],
  ])('%#', (keys, expected) => expect(line(keys)).toBe(expected));
});

test.each([1, 2])(
  'C05 with %i workers: when a process may open no more files, it lives, and serves again once it may',
  async (workers) => {
    const server = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('it listens on TCP');
    const routes = [{ prefix: '/a', upstream: `http://127.0.0.1:${address.port}` }];
    const file = await configFile({ workers, routes });
    const words = ['ulimit -n 64 && exec "$0" "$@"', process.execPath, main, '-c', file];
    const child = spawn('sh', ['-c', ...words], { env: { PATH: process.env['PATH'] } });
    onTestFinished(() => void child.kill('SIGKILL'));
    const command = new Command(child);
    const { port } = await command.listening();
    const clients = await Promise.all(Array.from({ length: 200 }, () => connectRaw(port)));
    const closed = clients.filter(({ socket }) => socket.readableEnded || socket.closed);
    // Those that there was no room for hear of it.
    await Promise.race(clients.map((client) => client.toEnd()));
    const gone = (socket: Socket) => (socket.closed ? Promise.resolve() : once(socket, 'close'));
    for (const { socket } of clients) socket.destroy();
    await Promise.all(clients.map(({ socket }) => gone(socket)));
    expect(closed.length).toBeLessThan(200);
    expect(await served(port)).toBe('ok');
    expect(child.exitCode).toBeNull();
  },
);

/** Until the process has noticed that its clients have gone. */
async function served(port: number): Promise<string> {
  for (;;) {
    const reply = await call(port, '/a/x').catch(() => undefined);
    if (reply?.status === 200) return reply.text;
  }
}
