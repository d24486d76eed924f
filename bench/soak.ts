/**
 * Mixed traffic with faults: `npm run soak`, `-- --minutes N` (5). Every answer has to be the right one, one client takes
 * 1 GiB over the whole time, and then sockets, handles and heap must be back where they were. Ends with 1 if not.
 */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Inside } from './inside.ts';
import { freePort, listens, Program } from './processes.ts';
import { GIB, startSoakApi } from './soak/api.ts';
import { clients, type Place, pause } from './soak/clients.ts';

const words = process.argv.indexOf('--minutes');
const MINUTES = words === -1 ? 5 : Number(process.argv[words + 1]);
if (!(MINUTES > 0 && MINUTES <= 600)) throw new Error('--minutes takes a number of minutes');
/** More than the heap may grow: what is compiled and cached meanwhile takes some. MiB. */
const HEAP_MARGIN = 8;
/** So many of each kind at once. */
const AT_ONCE = 3;
/** What went wrong is not told more often. */
const MOST_TOLD = 20;
const root = join(import.meta.dirname, '..');

/** Takes 1 GiB over the whole time. */
async function takeSlowly({ port }: Place, until: number): Promise<number> {
  const sent = request({ port, path: '/api/gib', agent: false }).end();
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (response === undefined) throw new Error('no answer');
  const began = Date.now();
  let taken = 0;
  for await (const bytes of response) {
    taken += bytes.length;
    const early = began + ((until - began) * taken) / GIB - Date.now();
    if (early > 20) await pause(early);
  }
  return taken;
}

interface Traffic {
  /** Turns of each kind. */
  readonly counts: Record<string, number>;
  readonly faults: string[];
}

/** All kinds at once, each turn behind the last one. */
async function traffic(place: Place, until: number): Promise<Traffic> {
  const counts: Record<string, number> = {};
  const faults: string[] = [];
  const go = async (kind: string, lane: number): Promise<void> => {
    const { turn, restMs } = clients[kind] ?? {};
    for (let n = lane; turn !== undefined && Date.now() < until && faults.length < MOST_TOLD; n += AT_ONCE) {
      await turn(place, n).catch((error) => faults.push(`${kind} ${n}: ${error}`));
      counts[kind] = (counts[kind] ?? 0) + 1;
      await pause(restMs ?? 0);
    }
  };
  const lanes = Array.from({ length: AT_ONCE }, (_, lane) => lane);
  await Promise.all(Object.keys(clients).flatMap((kind) => lanes.map((lane) => go(kind, lane))));
  return { counts, faults };
}

interface State extends Inside {
  readonly files: number;
}

/** Behind everything that closes by itself: kept connections, lingering ones. */
async function settled(proxy: Program, { agent }: Place): Promise<State> {
  agent.destroy();
  await pause(8000);
  // The shape is its own, in the file beside this one.
  const inside = (await proxy.ask('look')) as Inside;
  return { ...inside, files: readdirSync(`/proc/${proxy.pid}/fd`).length };
}

function told({ heapMiB, resources, files }: State): string {
  return `${heapMiB.toFixed(1)} MiB heap, ${files} files, ${resources.length} resources (${resources.join(' ')})`;
}

function growth(before: State, after: State): string[] {
  return [
    ...(after.files > before.files ? ['files are left open'] : []),
    ...(after.resources.length > before.resources.length ? ['sockets or timers are left'] : []),
    ...(after.heapMiB > before.heapMiB + HEAP_MARGIN ? ['the heap has grown'] : []),
  ];
}

/** What went wrong. */
async function soak(proxy: Program, place: Place): Promise<string[]> {
  // Code that has not run yet would be counted as a leak.
  await traffic(place, Date.now() + 10_000);
  const before = await settled(proxy, place);
  const until = Date.now() + MINUTES * 60_000;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, proxy.usage().memoryMiB);
  }, 500);
  const cpuBefore = proxy.usage().cpuMs;
  const [taken, { counts, faults }] = await Promise.all([takeSlowly(place, until), traffic(place, until)]).finally(() =>
    clearInterval(watch),
  );
  const cpuMs = proxy.usage().cpuMs - cpuBefore;
  const after = await settled(proxy, place);
  const turns = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`);
  const { issued, failed } = api.tokens;
  process.stdout.write(
    `${MINUTES} min: 1 GiB taken slowly; turns: ${turns.join(', ')}; ${issued} tokens, ${failed} token requests failed; ` +
      `${(cpuMs / 1000).toFixed(0)} s CPU, at most ${most.toFixed(0)} MiB in memory\n` +
      `before: ${told(before)}\nafter:  ${told(after)}\n`,
  );
  return [...faults, ...(taken === GIB ? [] : [`of 1 GiB ${taken} bytes came`]), ...growth(before, after)];
}

const folder = mkdtempSync(join(tmpdir(), 'bearerway-soak-'));
const api = await startSoakApi();
const file = join(folder, 'proxy.yaml');
const port = await freePort();
const credentials = { main: { tokenUrl: `${api.url}/token`, clientId: 'soak', clientSecret: 'soak' } };
const routes = [{ prefix: '/api', upstream: api.url, credential: 'main' }];
writeFileSync(file, stringify({ listen: { port }, admin: false, log: { level: 'silent' }, credentials, routes }));
const proxy = new Program(
  process.execPath,
  ['--expose-gc', '--import', join(root, 'bench/inside.ts'), join(root, 'bin/bearerway.js'), 'run', '-c', file],
  { isAsked: true },
);
proxy.mute();
try {
  await listens(port);
  const faults = await soak(proxy, { port, upstream: api.url, agent: new Agent({ keepAlive: true }) });
  process.stdout.write(
    faults.length === 0
      ? 'every answer was right, and everything is back where it was\n'
      : `${faults.slice(0, MOST_TOLD).join('\n')}\n`,
  );
  if (faults.length > 0) process.exitCode = 1;
} finally {
  await proxy.stop();
  api.close();
  rmSync(folder, { recursive: true, force: true });
}
