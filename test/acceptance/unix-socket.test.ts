import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { withMode } from '../../src/server/socket-file.ts';
import { startApi } from '../support/api.ts';
import { type Proxy as RunningProxy, startProxy } from '../support/proxy.ts';

async function place(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'b.sock');
}

async function startOn(socket: string, more: object = {}, route: object = {}): Promise<RunningProxy> {
  const api = await startApi();
  return startProxy({ listen: { socket, ...more }, routes: [{ prefix: '/api', upstream: api.url, ...route }] });
}

interface Reply {
  readonly status: number | undefined;
  readonly text: string;
}

async function ask(socketPath: string, path = '/api/x', headers: Record<string, string> = {}): Promise<Reply> {
  const [response] = await once(request({ socketPath, path, headers, agent: false }).end(), 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, text };
}

const permissions = (path: string): number => lstatSync(path).mode & 0o777;

/** A socket's file whose process has gone without a word. */
async function leaveBehind(path: string): Promise<void> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  // What is closed is removed by the library; a second name stays behind, as after a kill.
  linkSync(path, `${path}.kept`);
  server.close();
  renameSync(`${path}.kept`, path);
}

test('it serves on the socket alone, under any Host, and tells of its clients as unix:', async () => {
  const path = await place();
  const proxy = await startOn(path);
  expect(proxy.app.bound).toMatchObject({ addresses: [`unix:${path}`], port: undefined });
  for (const host of ['localhost', 'anything.example', '10.0.0.1:80'])
    expect((await ask(path, '/api/x', { host })).status).toBe(200);
  expect((await proxy.served(3)).map(({ client }) => client)).toEqual(['unix:', 'unix:', 'unix:']);
});

test('what a page could send is refused on a socket, too, and so are a bad Host and the URL of another', async () => {
  const path = await place();
  await startOn(path);
  expect((await ask(path, '/api/x', { origin: 'https://evil.example' })).status).toBe(403);
  expect((await ask(path, '/api/x', { host: 'a b' })).status).toBe(400);
  expect((await ask(path, 'http://evil.example/api/x')).status).toBe(403);
});

test('an API is told that the client has no address', async () => {
  const path = await place();
  await startOn(path, {}, { forwardedHeaders: true });
  const { headers } = JSON.parse((await ask(path, '/api/x', { host: 'h' })).text);
  expect(headers).toMatchObject({ 'x-forwarded-for': 'unknown', 'x-forwarded-host': 'h', 'x-forwarded-proto': 'http' });
});

test.each([
  [undefined, 0o600],
  ['0660', 0o660],
  ['0666', 0o666],
])('with socketMode %s the file has the mode %d, and our other files have what they had', async (mode, expected) => {
  const path = await place();
  const umask = process.umask();
  await startOn(path, mode === undefined ? {} : { socketMode: mode });
  expect(permissions(path)).toBe(expected);
  expect(process.umask()).toBe(umask);
});

test('S07 the file has its mode before anybody could connect', async () => {
  const path = await place();
  const server = createServer();
  onTestFinished(() => void server.close());
  withMode(0o600, () => server.listen(path));
  // Not a turn has passed.
  expect(permissions(path)).toBe(0o600);
  await once(server, 'listening');
});

test('our own file is removed at the end', async () => {
  const path = await place();
  const proxy = await startOn(path);
  await proxy.stop();
  expect(existsSync(path)).toBe(false);
});

test('what has taken its place meanwhile is not', async () => {
  const path = await place();
  const proxy = await startOn(path);
  await rm(path);
  writeFileSync(path, 'somebody else’s');
  await proxy.stop();
  expect(readFileSync(path, 'utf8')).toBe('somebody else’s');
});

test('S07 the socket that a dead process left behind is taken over', async () => {
  const path = await place();
  await leaveBehind(path);
  chmodSync(path, 0o777);
  expect(lstatSync(path).isSocket()).toBe(true);
  await startOn(path);
  expect((await ask(path)).status).toBe(200);
  expect(permissions(path)).toBe(0o600);
});

test('one where somebody listens is left to them', async () => {
  const path = await place();
  const first = await startOn(path);
  await expect(startOn(path)).rejects.toMatchObject({ code: 'EADDRINUSE', address: path });
  expect((await ask(path)).status).toBe(200);
  expect(await first.served(1)).toHaveLength(1);
});

test.each<[string, (path: string) => void]>([
  ['a file', (path) => writeFileSync(path, 'precious')],
  ['an empty file', (path) => writeFileSync(path, '')],
  ['a folder', (path) => void mkdirSync(path)],
  ['a link to nothing', (path) => symlinkSync('/nowhere', path)],
])('%s in its place is never removed', async (_, make) => {
  const path = await place();
  make(path);
  const { ino } = lstatSync(path);
  await expect(startOn(path)).rejects.toMatchObject({ code: 'EEXIST', address: path });
  expect(lstatSync(path).ino).toBe(ino);
});

test('without its folder it does not start', async () => {
  const path = join(await place(), 'b.sock');
  await expect(startOn(path)).rejects.toMatchObject({ code: 'ENOENT', address: path });
});
