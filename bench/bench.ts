/**
 * CPU time of a request, memory and throughput, beside peers on the same machine: `npm run bench`; `-- --quick` in about
 * a minute, `-- --readme` puts the table into the README. Absolute figures say little about another machine; the
 * ratios of one run do. Needs wrk; nginx with Lua if it is there.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Contender, compare, median, type Outcome, told } from './compare.ts';
import { type Figures, type Measured, verdicts } from './goals.ts';
import { growth } from './growth.ts';
import { idleKiB } from './idle.ts';
import { hasNginx } from './nginx.ts';
import { type Peer, peers } from './peers.ts';
import { freePort, listens, Program } from './processes.ts';
import { intoReadme, table } from './report.ts';
import { startsMs } from './start.ts';
import { type Load, loads, strike } from './strike.ts';
import { type Transfer, transfer } from './transfer.ts';
import { strikeMessages } from './websocket.ts';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 2 : 4;
const SECONDS = 1;
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'bearerway-bench-'));
const print = (text: string): unknown => process.stdout.write(text);

const plainLoads: readonly Load[] = quick
  ? [loads.many, loads.fields, loads.one]
  : [loads.many, loads.fields, loads.one, loads.thousand, loads.post, loads.down, loads.up];
const tlsLoads: readonly Load[] = quick ? [loads.tls] : [loads.tls, loads.postTls];

/** The machine is half as fast at times, and not for all peers alike: what a goal is about is measured more often. */
const moreRounds: ReadonlyMap<Load, number> = new Map<Load, number>(
  quick
    ? [[loads.many, 4]]
    : [[loads.many, 16], ...[loads.fields, loads.one, loads.tls].map((load) => [load, 8] as const)],
);

interface Running extends Contender {
  readonly name: Peer['name'];
  readonly restMiB: number;
}

interface Api {
  readonly plain: number;
  readonly tls: number;
}

const started: Program[] = [];

function place({ plain, tls }: Api, isTls: boolean) {
  const target = isTls ? `https://localhost:${tls}` : `http://127.0.0.1:${plain}`;
  return { folder, target, tokenUrl: `http://127.0.0.1:${plain}/token` };
}

async function start(api: Api, isTls: boolean): Promise<Running[]> {
  const running: Running[] = [];
  for (const { name, start: run } of peers) {
    const port = await freePort();
    const program = run({ ...place(api, isTls), port });
    started.push(program);
    program.mute();
    await listens(port);
    running.push({ name, program, port, restMiB: 0 });
  }
  // What a start needs and then lets go is not counted.
  await new Promise((next) => setTimeout(next, 2000));
  return running.map((each) => ({ ...each, restMiB: each.program.usage().memoryMiB }));
}

/** Node.js compiles what runs often in several steps: it is itself after some hundred thousand requests. */
const WARM_SECONDS = quick ? 3 : 15;

function warm(running: readonly Running[], load: Load, seconds = WARM_SECONDS): void {
  for (const { name, port } of running) strike(port, load, name === 'nginx+lua' ? 1 : seconds);
}

async function race(load: Load, running: readonly Running[]): Promise<Map<string, Outcome>> {
  // What a body takes, and no other load does.
  if (load.sent !== undefined) warm(running, load, 5);
  const outcomes = await compare(running, {
    rounds: moreRounds.get(load) ?? ROUNDS,
    strike: (port) => strike(port, load, quick ? SECONDS : (load.seconds ?? SECONDS)),
    // While the others have their turn, connections end and heaps shrink, of one peer more than of another.
    ...((!quick || load.tls === true) && { settle: (port: number) => void strike(port, load, 1) }),
  });
  print(told(load.name, outcomes));
  return outcomes;
}

type Carried = Pick<Figures, 'downSeconds' | 'upSeconds' | 'downMiB' | 'upMiB'>;

/** The best of some, each way: what the machine does besides only slows them. */
async function carry({ name, program, port }: Running): Promise<Carried> {
  const runs = { down: [] as Transfer[], up: [] as Transfer[] };
  for (let round = 0; round < (quick ? 2 : 5); round += 1) {
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

async function measurePlain(api: Api, outcomes: Outcomes) {
  const running = await start(api, false);
  const idle = new Map<string, number>();
  for (const { name, program, port } of running) idle.set(name, await idleKiB(program, port));
  warm(running, loads.many);
  for (const load of plainLoads) outcomes.set(load.name, await race(load, running));
  const messages = 'WebSocket messages, 64 connections';
  outcomes.set(messages, await compare(running, { rounds: ROUNDS, strike: (port) => strikeMessages(port, SECONDS) }));
  print(told(messages, outcomes.get(messages) ?? new Map()));
  const carried = new Map<string, Carried>();
  for (const each of running) carried.set(each.name, await carry(each).catch(notCarried));
  await Promise.all(running.map(({ program }) => program.stop()));
  return running.map(({ name, restMiB }) => ({ name, restMiB, idle: idle.get(name), carried: carried.get(name) }));
}

async function measureTls(api: Api, outcomes: Outcomes): Promise<void> {
  const running = await start(api, true);
  warm(running, loads.tls);
  for (const load of tlsLoads) outcomes.set(load.name, await race(load, running));
  await Promise.all(running.map(({ program }) => program.stop()));
}

/** Two processes of one config differ by a tenth for as long as they live: new ones are started for each of so many. */
const GROWTH_SETS = 3;

async function measureGrowth(api: Api): Promise<Map<string, Outcome>[]> {
  const sets: Map<string, Outcome>[] = [];
  while (sets.length < GROWTH_SETS) {
    const set = await growth({ ...place(api, false), rounds: ROUNDS * 2, seconds: 1, warmSeconds: WARM_SECONDS });
    print(told('cost of routes and credentials', set));
    sets.push(set);
  }
  return sets;
}

async function measure(api: Api, outcomes: Outcomes): Promise<Measured> {
  const directP50Us = median(Array.from({ length: ROUNDS }, () => strike(api.plain, loads.direct, SECONDS).p50Us));
  const plain = await measurePlain(api, outcomes);
  await measureTls(api, outcomes);
  const [own] = peers;
  const starts = own === undefined ? [] : await startsMs(own, place(api, false), quick ? 3 : 7);
  const grown = quick ? [] : await measureGrowth(api);
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
