/**
 * CPU time of a request, memory and throughput, beside peers on the same machine: `npm run bench`; `-- --quick` in two
 * minutes, `-- --readme` puts the table into the README. Absolute figures say little about another machine; the
 * ratios of one run do. Needs wrk; nginx with Lua if it is there.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare, median, type Outcome, together, told } from './compare.ts';
import { type Figures, type Measured, verdicts } from './goals.ts';
import { growth } from './growth.ts';
import { idleKiB } from './idle.ts';
import { hasNginx } from './nginx.ts';
import { type Peer, peers } from './peers.ts';
import { Program } from './processes.ts';
import { intoReadme, table } from './report.ts';
import {
  isQuick,
  ROUNDS,
  type Running,
  race,
  SECONDS,
  started,
  startPeers,
  stopPeers,
  WARM_SECONDS,
  warm,
} from './running.ts';
import { startsMs } from './start.ts';
import { type Load, loads, strike } from './strike.ts';
import { type Transfer, transfer } from './transfer.ts';
import { strikeMessages } from './websocket.ts';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'bearerway-bench-'));
const print = (text: string): unknown => process.stdout.write(text);

const plainLoads: readonly Load[] = isQuick
  ? [loads.fields, loads.one]
  : [loads.fields, loads.one, loads.thousand, loads.post, loads.down, loads.up];
const tlsLoads: readonly Load[] = isQuick ? [loads.tls] : [loads.tls, loads.postTls];

interface Api {
  readonly plain: number;
  readonly tls: number;
}

function place({ plain, tls }: Api, isTls = false) {
  const target = isTls ? `https://localhost:${tls}` : `http://127.0.0.1:${plain}`;
  return { folder, target, tokenUrl: `http://127.0.0.1:${plain}/token` };
}

type Carried = Pick<Figures, 'downSeconds' | 'upSeconds' | 'downMiB' | 'upMiB'>;

/** The best of some, each way: what the machine does besides only slows them. */
async function carry({ name, program, port }: Running): Promise<Carried> {
  const runs = { down: [] as Transfer[], up: [] as Transfer[] };
  for (let round = 0; round < (isQuick ? 2 : 5); round += 1) {
    for (const way of ['down', 'up'] as const) {
      const run = await transfer(program, port, way).catch((cause) => {
        throw new Error(`${name} did not carry 100 MiB ${way}`, { cause });
      });
      runs[way].push(run);
    }
  }
  const seconds = (way: 'down' | 'up') => Math.min(...runs[way].map((run) => run.seconds));
  const most = (way: 'down' | 'up') => Math.max(...runs[way].map((run) => run.growthMiB));
  return { downSeconds: seconds('down'), upSeconds: seconds('up'), downMiB: most('down'), upMiB: most('up') };
}

/** The others are measured all the same. */
function notCarried(error: Error): Carried {
  print(`\n${error.message}: ${error.cause}\n`);
  return { downSeconds: Number.NaN, upSeconds: Number.NaN, downMiB: Number.NaN, upMiB: Number.NaN };
}

/** By the name of a load, and of a peer. */
type Outcomes = Map<string, ReadonlyMap<string, Outcome>>;

/** Two processes of one program differ by a tenth for as long as they live: what matters most is asked of so many. */
const SETS = isQuick ? 1 : 3;

async function measureMany(api: Api): Promise<Map<string, Outcome>> {
  const sets: Map<string, Outcome>[] = [];
  while (sets.length < SETS) {
    const running = await startPeers(place(api));
    warm(running, loads.many);
    sets.push(await race(loads.many, running));
    await stopPeers(running);
  }
  return together(sets);
}

async function measurePlain(api: Api, outcomes: Outcomes) {
  const running = await startPeers(place(api));
  const idle = new Map<string, number>();
  for (const { name, program, port } of running) idle.set(name, await idleKiB(program, port));
  warm(running, loads.many);
  for (const load of plainLoads) outcomes.set(load.name, await race(load, running));
  const messages = 'WebSocket messages, 64 connections';
  outcomes.set(messages, await compare(running, { rounds: ROUNDS, strike: (port) => strikeMessages(port, SECONDS) }));
  print(told(messages, outcomes.get(messages) ?? new Map()));
  const carried = new Map<string, Carried>();
  for (const each of running) carried.set(each.name, await carry(each).catch(notCarried));
  await stopPeers(running);
  return running.map(({ name, restMiB }) => ({ name, restMiB, idle: idle.get(name), carried: carried.get(name) }));
}

async function measureTls(api: Api, outcomes: Outcomes): Promise<void> {
  const running = await startPeers(place(api, true));
  warm(running, loads.tls);
  for (const load of tlsLoads) outcomes.set(load.name, await race(load, running));
  await stopPeers(running);
}

async function measureGrowth(api: Api): Promise<Map<string, Outcome>[]> {
  const sets: Map<string, Outcome>[] = [];
  while (sets.length < SETS) {
    const set = await growth({ ...place(api), rounds: ROUNDS * 2, seconds: 1, warmSeconds: WARM_SECONDS });
    print(told('cost of routes and credentials', set));
    sets.push(set);
  }
  return sets;
}

async function measure(api: Api, outcomes: Outcomes): Promise<Measured> {
  const directP50Us = median(Array.from({ length: ROUNDS }, () => strike(api.plain, loads.direct, SECONDS).p50Us));
  outcomes.set(loads.many.name, await measureMany(api));
  const plain = await measurePlain(api, outcomes);
  await measureTls(api, outcomes);
  const [own] = peers;
  const starts = own === undefined ? [] : await startsMs(own, place(api), isQuick ? 3 : 7);
  const grown = isQuick ? [] : await measureGrowth(api);
  const figures = plain.map(({ name, restMiB, idle, carried }): [Peer['name'], Figures] => {
    if (carried === undefined) throw new Error(`unreachable: ${name} was measured`);
    const of = (load: string) => outcomes.get(load)?.get(name);
    return [name, { of, restMiB, idleKiB: idle ?? Number.NaN, ...carried }];
  });
  return {
    peers: Object.fromEntries(figures),
    growth: grown,
    startMs: median(starts),
    directP50Us,
  };
}

function printMemory({ peers: measured }: Measured): void {
  print('\nmemory, and 100 MiB through\n');
  for (const [name, figures] of Object.entries(measured)) {
    const { restMiB, idleKiB: idle, downSeconds, upSeconds, downMiB, upMiB } = figures;
    const memory = `${restMiB.toFixed(0).padStart(4)} MiB at rest, ${idle.toFixed(1)} KiB an idle connection`;
    const rate = (seconds: number) => `${(100 / seconds).toFixed(0)} MiB/s`;
    print(
      `  ${name.padEnd(11)} ${memory}; down ${rate(downSeconds)} +${downMiB.toFixed(0)} MiB, up ${rate(upSeconds)} +${upMiB.toFixed(0)} MiB\n`,
    );
  }
}

const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
const newKey = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
execFileSync('openssl', [...newKey, '-subj', '/CN=localhost', '-keyout', key, '-out', certificate], {
  stdio: 'ignore',
});
try {
  const api = new Program(process.execPath, [join(root, 'bench/api.ts'), certificate, key]);
  started.push(api);
  if (!hasNginx) print('nginx with Lua is not installed: not compared (apt-get install nginx libnginx-mod-http-lua)\n');
  const outcomes: Outcomes = new Map();
  const measured = await measure(JSON.parse(await api.line()), outcomes);
  printMemory(measured);
  print(`\n${verdicts(measured)}\n`);
  const text = table(measured, outcomes);
  print(text);
  if (process.argv.includes('--readme')) intoReadme(text);
} finally {
  await Promise.all(started.map((program) => program.stop()));
  rmSync(folder, { recursive: true, force: true });
}
