/** `npm run slow`: slowhttptest (Debian), a thousand slow clients in each of its modes, while another client is answered. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CONNECTIONS = 1000;
const SECONDS = 15;
/** Of the other client, whose connections are new. Milliseconds. */
const EVERY = 10;
const GOAL = 50;
const LARGE = 1024 * 1024;
const root = join(import.meta.dirname, '../..');

const modes: Readonly<Record<string, readonly string[]>> = {
  'slow heads (-H)': ['-H', '-i', '5', '-x', '24'],
  'slow bodies (-B)': ['-B', '-i', '5', '-s', '8192', '-x', '10'],
  'ranges (-R)': ['-R', '-t', 'HEAD', '-a', '10', '-b', '3000'],
  'slow reading (-X)': ['-X', '-w', '512', '-y', '1024', '-n', '5', '-z', '32', '-k', '3'],
};

export function isInstalled(): boolean {
  return spawnSync('slowhttptest', ['-h']).error === undefined;
}

/** An API in a process of its own: it answers each request with the same large or small bytes. */
const api = `
const answer = (size) => Buffer.from('HTTP/1.1 200 OK\\r\\nContent-Length: ' + size + '\\r\\n\\r\\n' + 'x'.repeat(size));
const [large, small] = [answer(${LARGE}), answer(2)];
require('node:net').createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {}).on('data', (bytes) => {
    socket.write(bytes.includes(' /large ') ? large : small);
  });
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;

/** Resolves with the exit code: 1 if the other client was not answered, or too late. */
export async function slow(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'bearerway-slow-'));
  const programs: ReturnType<typeof spawn>[] = [];
  const start = (words: readonly string[]) => {
    const program = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    programs.push(program);
    return program;
  };
  try {
    // Who reads slowly holds a connection to the API, of which a route has so many: the other client has a route of its own.
    const routes = await Promise.all(
      ['/attacked', '/other'].map(async (prefix) => {
        const [port] = await once(start(['-e', api]).stdout, 'data');
        return { prefix, upstream: `http://127.0.0.1:${Number(port)}` };
      }),
    );
    const listen = { port: 0 };
    const file = join(folder, 'proxy.json');
    writeFileSync(file, JSON.stringify({ listen, admin: false, routes, log: { format: 'json' } }));
    const proxy = start(['src/main.ts', '-c', file]);
    const [line] = await once(proxy.stdout, 'data');
    proxy.stdout.resume();
    const url = String(/http:\/\/127\.0\.0\.1:\d+/.exec(String(line)));
    // What is done the first time only is done.
    await meanwhile(url, () => passed(2));
    let code = report('nobody else', await meanwhile(url, () => passed(3)));
    for (const [name, words] of Object.entries(modes))
      code = Math.max(code, report(name, await meanwhile(url, () => attack(`${url}/attacked/large`, words))));
    return code;
  } finally {
    for (const program of programs) program.kill();
    rmSync(folder, { recursive: true });
  }
}

async function passed(seconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** A thousand connections within four seconds, for as long as it is said. */
async function attack(url: string, words: readonly string[]): Promise<void> {
  const all = [
    '-c',
    String(CONNECTIONS),
    '-r',
    '250',
    '-l',
    String(SECONDS),
    '-p',
    '3',
    '-v',
    '0',
    '-u',
    url,
    ...words,
  ];
  const program = spawn('slowhttptest', all, { stdio: 'ignore' });
  const late = setTimeout(() => program.kill('SIGKILL'), SECONDS * 3000);
  await once(program, 'close');
  clearTimeout(late);
}

interface Answers {
  readonly tookMs: readonly number[];
  readonly failed: number;
}

/** What becomes of a client that asks again and again until the other thing is over. */
async function meanwhile(url: string, other: () => Promise<void>): Promise<Answers> {
  const tookMs: number[] = [];
  let failed = 0;
  let isOver = false;
  const ended = other().finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const beganMs = performance.now();
    const isAnswered = await answered(`${url}/other/x`);
    if (isAnswered) tookMs.push(performance.now() - beganMs);
    else failed += 1;
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  }
  await ended;
  return { tookMs: tookMs.toSorted((a, b) => a - b), failed };
}

function answered(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, { agent: new Agent() }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode === 200));
    }).on('error', () => resolve(false));
  });
}

function report(who: string, { tookMs, failed }: Answers): number {
  const at = (share: number): number => tookMs[Math.floor(tookMs.length * share)] ?? Number.NaN;
  const figures = `p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, longest ${(tookMs.at(-1) ?? Number.NaN).toFixed(1)} ms`;
  const isFine = failed === 0 && at(0.99) < GOAL;
  console.log(
    `${who}: ${tookMs.length} requests of another client, ${failed} failed, ${figures}${isFine ? '' : ' TOO SLOW'}`,
  );
  return isFine ? 0 : 1;
}

if (import.meta.main) {
  if (isInstalled()) process.exitCode = await slow();
  else {
    console.error('slowhttptest is not installed (Debian: apt-get install slowhttptest)');
    process.exitCode = 2;
  }
}
