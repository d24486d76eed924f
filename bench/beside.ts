/**
 * How long a small request waits while large bodies go through the same process: `npm run bench:beside`, in half a
 * minute. Needs wrk.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONNECTIONS, startBearerway } from './peers.ts';
import { freePort, listens, Program } from './processes.ts';
import { type Load, type Strike, strike } from './strike.ts';

const LARGE_BODIES = 64;
const SECONDS = 5;
const small: Load = { name: 'GET, 4 connections', connections: 4 };
const directory = import.meta.dirname;
const folder = mkdtempSync(join(tmpdir(), 'bearerway-bench-'));
const started: Program[] = [];

/** An API of its own for each route: what is measured is the proxy. */
async function startApi(): Promise<string> {
  const api = new Program(process.execPath, [join(directory, 'api.ts')]);
  started.push(api);
  const { plain }: { plain: number } = JSON.parse(await api.line());
  return `http://127.0.0.1:${plain}`;
}

/** Bodies of 1 MiB, as fast as they go; resolves with how many went in a second. */
function largeBodies(port: number, way: 'down' | 'up'): Promise<number> {
  const upload = ['-s', join(directory, 'post.lua'), `http://127.0.0.1:${port}/large/x`];
  const words = way === 'up' ? upload : [`http://127.0.0.1:${port}/large/1m`];
  const wrk = spawn('wrk', ['-t1', `-c${LARGE_BODIES}`, `-d${SECONDS + 2}s`, ...words], {
    env: { ...process.env, BYTES: `${1024 * 1024}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  wrk.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  return new Promise((resolve) => wrk.once('close', () => resolve(Number(/Requests\/sec: +([\d.]+)/.exec(told)?.[1]))));
}

const passed = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const told = (what: string, { p50Us, p99Us, rate }: Strike, large?: number): string => {
  const bodies = large === undefined ? '' : `; ${large.toFixed(0)} bodies of 1 MiB/s`;
  return `${what}: p50 ${(p50Us / 1000).toFixed(2)} ms, p99 ${(p99Us / 1000).toFixed(2)} ms, ${rate.toFixed(0)}/s${bodies}`;
};

try {
  const [port, api, other] = [await freePort(), await startApi(), await startApi()];
  const routes = [
    { prefix: '/api', upstream: api, connections: CONNECTIONS },
    { prefix: '/large', upstream: other, connections: CONNECTIONS },
  ];
  started.push(startBearerway(join(folder, 'proxy.yaml'), { listen: { port }, routes }));
  await listens(port);
  strike(port, small, SECONDS);
  console.log(told('alone', strike(port, small, SECONDS)));
  for (const way of ['down', 'up'] as const) {
    const large = largeBodies(port, way);
    await passed(1000);
    const beside = strike(port, small, SECONDS);
    console.log(told(`beside ${LARGE_BODIES} bodies of 1 MiB at a time, ${way}`, beside, await large));
  }
} finally {
  await Promise.all(started.map((program) => program.stop()));
  rmSync(folder, { recursive: true, force: true });
}
