/**
 * CPU time of a request, memory and throughput, beside peers on the same machine: `npm run bench`, `-- --quick` in
 * under a minute. Absolute figures say little about another machine; the ratios of one run do. Needs wrk; nginx with
 * Lua if it is there.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Figures, type Measured, verdicts } from './goals.ts';
import { idleKiB } from './idle.ts';
import { hasNginx } from './nginx.ts';
import { type Peer, peers } from './peers.ts';
import { freePort, listens, Program } from './processes.ts';
import { type Load, loads, type Strike, strike } from './strike.ts';
import { type Transfer, transfer } from './transfer.ts';

const quick = process.argv.includes('--quick');
/** Of the first load, and of the others. */
const ROUNDS = quick ? { first: 2, other: 1 } : { first: 5, other: 5 };
const SECONDS = quick ? 1 : 5;
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'bearerway-bench-'));
const print = (text: string): unknown => process.stdout.write(text);

/** One of those that are compared, while it runs. */
interface Running {
  readonly name: Peer['name'];
  readonly program: Program;
  readonly port: number;
  readonly restMiB: number;
}

type Ports = { readonly plain: number; readonly tls: number };

const started: Program[] = [];

async function start({ plain, tls }: Ports, isTls: boolean): Promise<Running[]> {
  const target = isTls ? `https://localhost:${tls}` : `http://127.0.0.1:${plain}`;
  const tokenUrl = `http://127.0.0.1:${plain}/token`;
  const running: Running[] = [];
  for (const { name, start: run } of peers) {
    const port = await freePort();
    const program = run({ folder, port, target, tokenUrl });
    started.push(program);
    program.mute();
    await listens(port);
    running.push({ name, program, port, restMiB: 0 });
  }
  // What a start needs and then lets go is not counted.
  await new Promise((next) => setTimeout(next, 1000));
  return running.map((each) => ({ ...each, restMiB: each.program.usage().memoryMiB }));
}

/** Node.js compiles what runs often in several steps: it is itself after some ten thousand requests. */
function warm(running: readonly Running[], load: Load): void {
  for (const { name, port } of running) strike(port, load, name === 'nginx+lua' ? 1 : quick ? 2 : 6);
}

type Median = Omit<Strike, 'count'> & { readonly cpuUs: number };

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;

/** Rounds of all in turn, so that what the machine does besides meets them alike. */
function compare(load: Load, running: readonly Running[], rounds = ROUNDS.first): Map<Peer['name'], Median> {
  const runs = new Map(running.map(({ name }) => [name, [] as Median[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, program, port } of running) {
      // A second first: a peer whose kept connections have ended meanwhile would pay for handshakes, another would not.
      if (load.tls) strike(port, load, 1);
      const before = program.usage().cpuMs;
      const { count, ...figures } = strike(port, load, SECONDS);
      runs.get(name)?.push({ ...figures, cpuUs: ((program.usage().cpuMs - before) * 1000) / count });
    }
  }
  const medians = new Map(
    [...runs].map(([name, all]) => {
      const of = (key: keyof Median) => median(all.map((run) => run[key]));
      return [name, { cpuUs: of('cpuUs'), rate: of('rate'), p50Us: of('p50Us'), p99Us: of('p99Us') }];
    }),
  );
  print(`\n${load.name}\n`);
  const own = medians.get('bearerway')?.cpuUs ?? 0;
  for (const [name, { cpuUs, rate, p50Us, p99Us }] of medians) {
    const figures = `${cpuUs.toFixed(1).padStart(6)} µs CPU ${rate.toFixed(0).padStart(7)}/s  p50 ${p50Us.toFixed(0)} µs  p99 ${p99Us.toFixed(0)} µs`;
    const beside = name === 'bearerway' ? '' : `  bearerway's CPU is ${(own / cpuUs).toFixed(2)} × this`;
    print(`  ${name.padEnd(11)} ${figures}${beside}\n`);
  }
  return medians;
}

/** The best of some, each way: what the machine does besides only slows them. */
async function carry({
  name,
  program,
  port,
}: Running): Promise<Pick<Figures, 'downSeconds' | 'upSeconds' | 'downMiB' | 'upMiB'>> {
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

async function measure(ports: Ports): Promise<Measured> {
  const plain = await start(ports, false);
  const idle = new Map<string, number>();
  for (const { name, program, port } of plain) idle.set(name, await idleKiB(program, port));
  warm(plain, loads.many);
  const many = compare(loads.many, plain);
  const fields = compare(loads.fields, plain, ROUNDS.other);
  const one = compare(loads.one, plain, ROUNDS.other);
  const carried = new Map<string, Awaited<ReturnType<typeof carry>>>();
  for (const each of plain) carried.set(each.name, await carry(each));
  await Promise.all(plain.map(({ program }) => program.stop()));
  const secure = await start(ports, true);
  warm(secure, loads.tls);
  const tls = compare(loads.tls, secure, ROUNDS.other);
  return Object.fromEntries(
    plain.map(({ name, restMiB }): [string, Figures] => {
      const cpu = { many: many.get(name), fields: fields.get(name), one: one.get(name), tls: tls.get(name) };
      const of = (key: 'cpuUs' | 'p50Us') =>
        Object.fromEntries(Object.entries(cpu).map(([load, figures]) => [load, figures?.[key] ?? Number.NaN]));
      const through = carried.get(name);
      if (through === undefined) throw new Error(`unreachable: ${name} was measured`);
      return [
        name,
        { cpuUs: of('cpuUs'), p50Us: of('p50Us'), restMiB, idleKiB: idle.get(name) ?? Number.NaN, ...through },
      ];
    }),
  );
}

function printMemory(measured: Measured): void {
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
  const measured = await measure(JSON.parse(await api.line()));
  printMemory(measured);
  print(`\n${verdicts(measured)}`);
} finally {
  await Promise.all(started.map((program) => program.stop()));
  rmSync(folder, { recursive: true, force: true });
}
