/**
 * Ordinary and rude clients, and an API with faults: `npm run soak`, `-- --minutes N` (5). One client takes 1 GiB over
 * the whole time. Then sockets, handles and heap must be back where they were; ends with 1 if they are not.
 */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Inside } from './inside.ts';
import { freePort, listens, Program } from './processes.ts';

const words = process.argv.indexOf('--minutes');
const MINUTES = words === -1 ? 5 : Number(process.argv[words + 1]);
if (!(MINUTES > 0 && MINUTES <= 600)) throw new Error('--minutes takes a number of minutes');
const GIB = 1024 ** 3;
/** More than the heap may grow: what is compiled and cached meanwhile takes some. MiB. */
const HEAP_MARGIN = 8;
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'bearerway-soak-'));
const chunk = Buffer.alloc(65_536);
const pause = (ms: number): Promise<void> => new Promise((next) => setTimeout(next, ms));

let tokens = 0;

/** Each kind of API that is had to do with, by path. */
const api: Readonly<Record<string, (incoming: IncomingMessage, response: ServerResponse) => void>> = {
  '/token': (_, response) => {
    tokens += 1;
    const answer = { access_token: `soak-${tokens}`, token_type: 'Bearer', expires_in: 20 };
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer));
  },
  '/x': (incoming, response) => {
    incoming.on('end', () => response.end('ok'));
  },
  '/refuses': (incoming, response) => {
    // Now and then, however good the token is.
    const status = Math.random() < 0.1 ? 401 : 200;
    incoming.on('end', () => response.writeHead(status).end('ok'));
  },
  '/breaks': (_, response) => {
    response.setHeader('Content-Length', '100000').write(chunk.subarray(0, 5000), () => response.destroy());
  },
  '/resets': (incoming) => {
    incoming.socket.resetAndDestroy();
  },
  '/early': (_, response) => {
    response.writeHead(403).end('no');
  },
  '/gib': (_, response) => {
    let left = GIB;
    const more = (): void => {
      while (left > 0) {
        left -= chunk.length;
        if (!response.write(chunk)) return;
      }
      response.end();
    };
    response.on('drain', more);
    more();
  },
};

function serve(incoming: IncomingMessage, response: ServerResponse): void {
  incoming.resume().on('error', () => {});
  response.on('error', () => {});
  api[incoming.url ?? '']?.(incoming, response);
}

/** Takes 1 GiB over the whole time. */
async function takeSlowly(port: number, until: number): Promise<number> {
  const sent = request({ port, path: '/api/gib' }).end();
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (response === undefined) throw new Error('no answer');
  const began = Date.now();
  let taken = 0;
  for await (const bytes of response) {
    taken += bytes.length;
    const due = began + ((until - began) * taken) / GIB;
    if (due > Date.now() + 20) await pause(due - Date.now());
  }
  return taken;
}

/** Must always be served. */
async function ordinary(port: number, until: number): Promise<number> {
  let count = 0;
  for (; Date.now() < until; count += 1) {
    const body = 'x'.repeat(count % 7 === 0 ? 200_000 : 5);
    const path = count % 3 === 0 ? 'refuses' : 'x';
    const answer = await fetch(`http://127.0.0.1:${port}/api/${path}`, { method: 'POST', body });
    if ((await answer.text()) !== 'ok') throw new Error(`/${path} was answered with ${answer.status}`);
  }
  return count;
}

/** Asks for what breaks, and hears of it one way or the other. */
async function unlucky(port: number, until: number): Promise<number> {
  let count = 0;
  for (; Date.now() < until; count += 1) {
    const path = ['breaks', 'resets', 'early', 'none'][count % 4];
    const body = path === 'early' ? { method: 'PUT', body: 'x'.repeat(3_000_000) } : {};
    await fetch(`http://127.0.0.1:${port}/${path === 'none' ? 'nowhere' : `api/${path}`}`, body)
      .then((answer) => answer.arrayBuffer())
      .catch(() => {});
  }
  return count;
}

/** Leaves in the middle of things. */
async function rude(port: number, until: number): Promise<number> {
  const bytes = 'PUT /api/gib HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
  let turn = 0;
  for (; Date.now() < until; turn += 1) {
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
    await once(socket, 'connect');
    socket.write(bytes.slice(0, 1 + ((turn * 13) % bytes.length)));
    await pause(turn % 7);
    if (turn % 3 === 0) socket.resetAndDestroy();
    else if (turn % 3 === 1) socket.destroy();
    else socket.end();
  }
  return turn;
}

const server = createServer({ keepAliveTimeout: 3000 }, serve).listen(0, '127.0.0.1');
await once(server, 'listening');
// It listens on TCP.
const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const file = join(folder, 'proxy.yaml');
const port = await freePort();
const credentials = { main: { tokenUrl: `${upstream}/token`, clientId: 'soak', clientSecret: 'soak' } };
const routes = [{ prefix: '/api', upstream, credential: 'main' }];
writeFileSync(file, stringify({ listen: { port }, admin: false, log: { level: 'silent' }, credentials, routes }));
const proxy = new Program(
  process.execPath,
  ['--expose-gc', '--import', join(root, 'bench/inside.ts'), join(root, 'bin/bearerway.js'), 'run', '-c', file],
  true,
);
proxy.mute();

interface State extends Inside {
  readonly files: number;
}

/** Behind everything that closes by itself: kept connections, lingering ones. */
async function settled(): Promise<State> {
  await pause(8000);
  // The shape is its own, in the file beside this one.
  const inside = (await proxy.ask('look')) as Inside;
  return { ...inside, files: readdirSync(`/proc/${proxy.pid}/fd`).length };
}

function told({ heapMiB, resources, files }: State): string {
  return `${heapMiB.toFixed(1)} MiB heap, ${files} files, ${resources.length} resources (${resources.join(' ')})`;
}

try {
  await listens(port);
  // Code that has not run yet would be counted as a leak.
  const warm = Date.now() + 5000;
  await Promise.all([ordinary(port, warm), unlucky(port, warm), rude(port, warm)]);
  const before = await settled();
  const until = Date.now() + MINUTES * 60_000;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, proxy.usage().memoryMiB);
  }, 500);
  const [taken, ...counts] = await Promise.all([
    takeSlowly(port, until),
    ...[ordinary, ordinary, unlucky, rude, rude].map((client) => client(port, until)),
  ]).finally(() => clearInterval(watch));
  const after = await settled();
  const faults = [
    ...(taken === GIB ? [] : [`of 1 GiB ${taken} bytes came`]),
    ...(after.files > before.files ? ['files are left open'] : []),
    ...(after.resources.length > before.resources.length ? ['sockets or timers are left'] : []),
    ...(after.heapMiB > before.heapMiB + HEAP_MARGIN ? ['the heap has grown'] : []),
  ];
  const [ordinaries, others] = [counts.slice(0, 2), counts.slice(2)].map((all) =>
    all.reduce((sum, each) => sum + each, 0),
  );
  process.stdout.write(
    `${MINUTES} min: 1 GiB taken slowly, ${ordinaries} requests served, ${others} unlucky or rude, ${tokens} tokens; at most ${most.toFixed(0)} MiB in memory\n` +
      `before: ${told(before)}\nafter:  ${told(after)}\n${faults.length === 0 ? 'everything is back where it was' : faults.join('; ')}\n`,
  );
  if (faults.length > 0) process.exitCode = 1;
} finally {
  await proxy.stop();
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
}
