/** The peers while they are measured: started, warm, taking turns. */
import { type Contender, compare, type Outcome, told } from './compare.ts';
import { type Peer, type Place, peers } from './peers.ts';
import { freePort, listens, type Program } from './processes.ts';
import { type Load, loads, strike } from './strike.ts';

export const isQuick = process.argv.includes('--quick');
export const ROUNDS = isQuick ? 3 : 4;
export const SECONDS = 1;

/** The machine is half as fast at times, and not for all peers alike: what a goal is about is measured more often. */
const moreRounds: ReadonlyMap<Load, number> = new Map<Load, number>(
  isQuick ? [[loads.many, 5]] : [loads.many, loads.fields, loads.one, loads.tls].map((load) => [load, 8] as const),
);

export interface Running extends Contender {
  readonly name: Peer['name'];
  readonly restMiB: number;
}

/** All that run, or have run, so that none is left behind. */
export const started: Program[] = [];

/** All peers, at rest. */
export async function startPeers(place: Omit<Place, 'port'>): Promise<Running[]> {
  const running: Running[] = [];
  for (const { name, start } of peers) {
    const port = await freePort();
    const program = start({ ...place, port });
    started.push(program);
    program.mute();
    await listens(port);
    running.push({ name, program, port, restMiB: 0 });
  }
  // What a start needs and then lets go is not counted.
  await new Promise((next) => setTimeout(next, 2000));
  return running.map((each) => ({ ...each, restMiB: each.program.usage().memoryMiB }));
}

export async function stopPeers(running: readonly Running[]): Promise<void> {
  await Promise.all(running.map(({ program }) => program.stop()));
}

/** Node.js compiles what runs often in several steps: it is itself after some hundred thousand requests. */
export const WARM_SECONDS = isQuick ? 3 : 15;

export function warm(running: readonly Running[], load: Load, seconds = WARM_SECONDS): void {
  for (const { name, port } of running) strike(port, load, name === 'nginx+lua' ? 1 : seconds);
}

/** Prints what it measures. */
export async function race(load: Load, running: readonly Running[]): Promise<Map<string, Outcome>> {
  // What a body takes, and no other load does.
  if (load.sent !== undefined) warm(running, load, 5);
  const outcomes = await compare(running, {
    rounds: moreRounds.get(load) ?? ROUNDS,
    strike: (port) => strike(port, load, isQuick ? SECONDS : (load.seconds ?? SECONDS)),
    // While the others have their turn, connections end and heaps shrink, of one peer more than of another.
    ...((!isQuick || load.tls === true) && { settle: (port: number) => void strike(port, load, 1) }),
  });
  process.stdout.write(told(load.name, outcomes));
  return outcomes;
}
