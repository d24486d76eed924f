/**
 * What several workers give beside one: `npm run bench:workers` (`-- --quick`; `-- --workers N`, one a core by default). On a
 * machine where the load generator and the API share the cores with the proxy, throughput says what they left and the
 * CPU time of a request says what workers cost; so both are told, and what was left. Needs wrk.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { bearerway } from './peers.ts';
import { freePort, idleCpuMs, listens, Program } from './processes.ts';
import { type Load, loads, strike } from './strike.ts';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 2 : 5;
const SECONDS = quick ? 1 : 5;
const cores = availableParallelism();
const asked = process.argv.indexOf('--workers');
const size = asked === -1 ? cores : Number(process.argv[asked + 1]);
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'bearerway-bench-'));

interface Run {
  /** Requests a second. */
  readonly rate: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** CPU time of a request, of all processes of the proxy, and of the first one alone. */
  readonly cpuUs: number;
  readonly firstUs: number;
  /** Cores that were taken: by the API, and by nobody. */
  readonly api: number;
  readonly left: number;
}

interface Running {
  readonly workers: number;
  readonly program: Program;
  readonly port: number;
}

function run({ program, port }: Running, api: Program, load: Load): Run {
  const taken = () => ({
    idleMs: idleCpuMs(),
    apiMs: api.usage().cpuMs,
    allMs: program.usage().cpuMs,
    firstMs: program.usage(true).cpuMs,
  });
  const before = taken();
  const beganMs = performance.now();
  const { count, rate, p50Us, p99Us } = strike(port, load, SECONDS);
  const tookMs = performance.now() - beganMs;
  const after = taken();
  return {
    ...{ rate, p50Us, p99Us },
    cpuUs: ((after.allMs - before.allMs) * 1000) / count,
    firstUs: ((after.firstMs - before.firstMs) * 1000) / count,
    api: (after.apiMs - before.apiMs) / tookMs,
    left: (after.idleMs - before.idleMs) / tookMs,
  };
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;

/** Rounds of all in turn, so that what the machine does besides meets them alike. */
function compare(load: Load, running: readonly Running[], api: Program): void {
  const runs = new Map(running.map((each) => [each, [] as Run[]]));
  for (let round = 0; round < ROUNDS; round += 1) for (const [each, all] of runs) all.push(run(each, api, load));
  process.stdout.write(`\n${load.name}\n`);
  let one: { readonly rate: number; readonly cpuUs: number } | undefined;
  for (const [{ workers }, all] of runs) {
    const of = (key: keyof Run): number => median(all.map((each) => each[key]));
    one ??= { rate: of('rate'), cpuUs: of('cpuUs') };
    const figures = `${of('rate').toFixed(0).padStart(6)}/s  p50 ${of('p50Us').toFixed(0)} µs  p99 ${of('p99Us').toFixed(0)} µs`;
    const cost = `${of('cpuUs').toFixed(1)} µs CPU${workers === 1 ? '' : `, ${of('firstUs').toFixed(1)} of it in the first process`}`;
    const cost2 = `the API took ${of('api').toFixed(2)} cores, nobody ${of('left').toFixed(2)} of ${cores}`;
    const beside = `${(of('rate') / one.rate).toFixed(2)} × the throughput, ${(of('cpuUs') / one.cpuUs).toFixed(2)} × the CPU`;
    process.stdout.write(`  workers: ${workers}  ${figures}  ${cost}; ${cost2}${workers === 1 ? '' : `; ${beside}`}\n`);
  }
}

const started: Program[] = [];
try {
  process.stdout.write(`${cores} × ${cpus()[0]?.model ?? 'a CPU'}, Node.js ${process.versions.node}\n`);
  const api = new Program(process.execPath, [join(root, 'bench/api.ts')]);
  started.push(api);
  const { plain } = JSON.parse(await api.line());
  const running: Running[] = [];
  for (const workers of [1, size]) {
    const port = await freePort();
    const tokenUrl = `http://127.0.0.1:${plain}/token`;
    const program = bearerway.start({ folder, port, target: `http://127.0.0.1:${plain}`, tokenUrl, workers });
    started.push(program);
    program.mute();
    await listens(port);
    running.push({ workers, program, port });
  }
  for (const { port } of running) strike(port, loads.many, quick ? 2 : 6);
  for (const load of [loads.many, loads.one, loads.new]) compare(load, running, api);
  process.stdout.write('\nmemory\n');
  for (const { workers, program } of running)
    process.stdout.write(`  workers: ${workers}  ${program.usage().memoryMiB.toFixed(0)} MiB\n`);
} finally {
  await Promise.all(started.map((program) => program.stop()));
  rmSync(folder, { recursive: true, force: true });
}
