/**
 * Requests that are lost while the proxy is changed, counted by their client: `npm run bench:reload`, `-- --seconds N`
 * (30 for the reloads), `-- --rate N` (2000 a second). Half of them come on kept connections, half on new ones. Ends with
 * 1 if one was lost, but for those in the hands of a worker that was killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from './processes.ts';

function given(name: string, usual: number): number {
  const at = process.argv.indexOf(`--${name}`);
  const value = at === -1 ? usual : Number(process.argv[at + 1]);
  if (!(value > 0)) throw new Error(`--${name} takes a number`);
  return value;
}

const SECONDS = given('seconds', 30);
const RATE = given('rate', 2000);
/** How long the other scenes last before and behind what happens in them. Milliseconds. */
const AROUND_MS = 2000;
const TICK_MS = 5;
/** More than a machine can do would be turned away for that, and tell nothing of reloads. */
const MOST_UNDER_WAY = 100;
const RELOADED = 'the configuration was reloaded';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'bearerway-reload-'));
const file = join(folder, 'proxy.yaml');
const passed = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Tokens say which secret they were got with; those of others are not taken. */
let tokens = 0;
let takenSecrets: readonly string[] = ['one'];
/** How many requests came with a token of each secret. */
const seen = new Map<string, number>();

async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  if (incoming.url !== '/token') {
    const secret = /^Bearer (\w+)-/.exec(incoming.headers.authorization ?? '')?.[1] ?? '';
    seen.set(secret, (seen.get(secret) ?? 0) + 1);
    response.writeHead(takenSecrets.includes(secret) ? 200 : 401).end('ok');
    return;
  }
  let body = '';
  for await (const chunk of incoming) body += chunk;
  const secret = new URLSearchParams(body).get('client_secret') ?? '';
  tokens += 1;
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ access_token: `${secret}-${tokens}`, token_type: 'Bearer', expires_in: 3600 }));
}

/** As its client saw it. */
interface Count {
  sent: number;
  answered: number;
  /** Nobody listened: they were never taken, and can go elsewhere. */
  refused: number;
  readonly lost: Map<string, number>;
}

/** Sends requests at one rate until it is stopped; resolves with what became of them. */
class Load {
  readonly count: Count = { sent: 0, answered: 0, refused: 0, lost: new Map() };
  readonly #port: number;
  readonly #kept = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #underWay = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #due = 0;

  constructor(port: number) {
    this.#port = port;
    let beganMs = performance.now();
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      // What a busy machine could not send in time is not made up for.
      this.#due = Math.min(this.#due + ((nowMs - beganMs) * RATE) / 1000, RATE / 20);
      beganMs = nowMs;
      for (; this.#due >= 1; this.#due -= 1) if (this.#underWay.size < MOST_UNDER_WAY) this.#send();
    }, TICK_MS);
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  #send(): void {
    const { count } = this;
    count.sent += 1;
    const sent = this.#ask(count.sent % 2 === 0).then(
      (status) => {
        if (status === 200) count.answered += 1;
        else this.#lost(`status ${status}`);
      },
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') count.refused += 1;
        else this.#lost(error.code ?? error.message);
      },
    );
    this.#underWay.add(sent);
    void sent.then(() => this.#underWay.delete(sent));
  }

  #lost(why: string): void {
    this.count.lost.set(why, (this.count.lost.get(why) ?? 0) + 1);
  }

  #ask(isKept: boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      const agent = isKept ? this.#kept : false;
      const asked = request({ host: '127.0.0.1', port: this.#port, path: '/api/x', agent }, (response) => {
        response
          .resume()
          .on('end', () => resolve(response.statusCode ?? 0))
          .on('error', reject);
      });
      asked.on('error', reject).end();
    });
  }

  async stop(): Promise<Count> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    this.#kept.destroy();
    return this.count;
  }
}

const server = createServer((incoming, response) => void serve(incoming, response)).listen(0, '127.0.0.1');
await once(server, 'listening');
// It listens on TCP.
const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function configOf(port: number, { secret = 'one', more = '', workers = 1 } = {}): string {
  const credential = { tokenUrl: `${upstream}/token`, clientId: 'bench', clientSecret: secret, clientAuth: 'post' };
  return stringify({
    listen: { port },
    admin: false,
    workers,
    credentials: { main: credential },
    routes: [
      { prefix: '/api', upstream, credential: 'main' },
      ...(more === '' ? [] : [{ prefix: `/${more}`, upstream, connections: 7 }]),
    ],
  });
}

/** A proxy on the config at `path`; what it logs is counted by message. */
async function start(path: string): Promise<{ child: ChildProcess; told: Map<string, number> }> {
  const child = spawn(process.execPath, [join(root, 'src/main.ts'), 'run', '-c', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told = new Map<string, number>();
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const msg = /"msg":"([^"]*)"/.exec(line)?.[1] ?? '';
      told.set(msg, (told.get(msg) ?? 0) + 1);
    }
  });
  // Not the port: that is open before signals are heard.
  while (!told.has('listening') && child.exitCode === null) await passed(10);
  return { child, told };
}

/** `mayBeLost`: so many were in hands that are no more. */
type Scene = (port: number) => Promise<{ readonly count: Count; readonly note: string; readonly mayBeLost?: number }>;

/** Under load, and to the end of the process. */
const terminated: Scene = async (port) => {
  writeFileSync(file, configOf(port));
  const { child } = await start(file);
  const load = new Load(port);
  await passed(AROUND_MS);
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  return { count: await load.stop(), note: `exit ${code}` };
};

/** Each time another config: a route comes, goes, or changes. */
const reloaded: Scene = async (port) => {
  writeFileSync(file, configOf(port));
  const { child, told } = await start(file);
  const before = tokens;
  const load = new Load(port);
  const untilMs = performance.now() + SECONDS * 1000;
  for (let turn = 0; performance.now() < untilMs; turn += 1) {
    writeFileSync(`${file}.new`, configOf(port, { more: ['', 'more', 'other'][turn % 3] ?? '' }));
    renameSync(`${file}.new`, file);
    child.kill('SIGHUP');
    await passed(200);
  }
  const count = await load.stop();
  child.kill('SIGTERM');
  await once(child, 'exit');
  return { count, note: `${told.get(RELOADED) ?? 0} reloads, ${tokens - before} more tokens` };
};

/** The old secret's tokens are taken for a while yet, as providers do it. */
const rotated: Scene = async (port) => {
  for (const secret of ['one', 'two']) {
    mkdirSync(join(folder, secret));
    writeFileSync(join(folder, secret, 'rotated.yaml'), configOf(port, { secret }));
  }
  symlinkSync('one', join(folder, '..data'));
  symlinkSync('..data/rotated.yaml', join(folder, 'rotated.yaml'));
  const { child, told } = await start(join(folder, 'rotated.yaml'));
  takenSecrets = ['one', 'two'];
  const load = new Load(port);
  await passed(AROUND_MS);
  symlinkSync('two', join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  const swappedMs = performance.now();
  while (!told.has(RELOADED) && performance.now() < swappedMs + 30_000) await passed(10);
  const tookMs = Math.round(performance.now() - swappedMs);
  await passed(AROUND_MS);
  takenSecrets = ['two'];
  await passed(AROUND_MS);
  const count = await load.stop();
  child.kill('SIGTERM');
  await once(child, 'exit');
  return { count, note: `in use after ${tookMs} ms; ${seen.get('two') ?? 0} with a token of the new secret` };
};

/** With `kill -9`, in the middle of what it does. */
const killed: Scene = async (port) => {
  takenSecrets = ['one'];
  writeFileSync(file, configOf(port, { workers: 2 }));
  const { child, told } = await start(file);
  const load = new Load(port);
  await passed(AROUND_MS);
  const [worker = ''] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ');
  const mayBeLost = load.underWay;
  process.kill(Number(worker), 'SIGKILL');
  await passed(AROUND_MS);
  const count = await load.stop();
  child.kill('SIGTERM');
  await once(child, 'exit');
  const died = told.get('a worker died; it is replaced') ?? 0;
  return { count, mayBeLost, note: `${mayBeLost} under way in all when ${died} of 2 workers was killed` };
};

const scenes: readonly (readonly [string, Scene])[] = [
  ['SIGTERM', terminated],
  [`SIGHUP every 200 ms for ${SECONDS} s, the configuration another one each time`, reloaded],
  ['a secret rotated by a symlink swap', rotated],
  ['kill -9 of a worker', killed],
];

try {
  for (const [what, scene] of scenes) {
    const { count, note, mayBeLost = 0 } = await scene(await freePort());
    const lost = [...count.lost].map(([why, times]) => `${times} × ${why}`);
    process.stdout.write(
      `${what}: ${count.sent} sent, ${count.answered} answered, ${count.refused} refused a connection, lost: ${lost.join(', ') || 0} (${note})\n`,
    );
    if ([...count.lost.values()].reduce((sum, times) => sum + times, 0) > mayBeLost) process.exitCode = 1;
  }
} finally {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
}
