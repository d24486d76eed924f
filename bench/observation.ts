/**
 * What it costs to see a request: its log line, its metrics and its place in the status, once it is over. `npm run bench:observation`; a figure
 * beyond its goal ends it with exit code 1.
 */
import { OwnWork } from '../src/app/work.ts';
import { systemClock } from '../src/clock.ts';
import { createLog } from '../src/observe/log.ts';
import { ReplayMemory } from '../src/proxy/body.ts';
import { InFlight } from '../src/proxy/in-flight.ts';
import { newRecord, type RequestRecord } from '../src/proxy/record.ts';

const ROUNDS = 1_000_000;
const REPEATS = 7;
const GOAL_NS = 2000;

/** As an asynchronous destination takes them: into a buffer that is written now and then. */
const asynchronous = (): { write(line: string): void } => {
  let held = '';
  return {
    write(line) {
      held += line;
      if (held.length > 16_384) held = '';
    },
  };
};

/** A few dozen that differ, as requests do; methods and paths are cut out of what came from a socket. */
function records(): RequestRecord[] {
  return Array.from({ length: 64 }, (_, i) => {
    const [method, path] = `${['GET', 'POST', 'PUT'][i % 3]} /crm/orders/${i * 7919}`.split(' ') as [string, string];
    const times = { durationMs: 1.2 + i / 7, upstreamMs: 1.1 + i / 9, overheadMs: 0.05 + i / 1000 };
    const what = { route: `/crm-${i % 8}`, path, status: i % 16 === 0 ? 404 : 200, credential: 'crm', ...times };
    return { ...newRecord({ requestId: `request-${i}`, method, client: '127.0.0.1:50000' }), ...what };
  });
}

/** Of CPU time: what else the machine does counts for less. */
function nanoseconds(level: 'info' | 'silent'): number {
  const options = { inFlight: new InFlight(), replayMemory: new ReplayMemory(0) };
  const { observe } = new OwnWork({ clock: systemClock, log: createLog(level, asynchronous()), ...options });
  const some = records();
  let best = Number.POSITIVE_INFINITY;
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    const before = process.cpuUsage();
    for (let round = 0; round < ROUNDS; round += 1) observe(some[round % some.length] as RequestRecord);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, ((user + system) * 1000) / ROUNDS);
  }
  return best;
}

const both = nanoseconds('info');
const metrics = nanoseconds('silent');
console.log(`log line and metrics: ${both.toFixed(0)} ns a request (goal: at most ${GOAL_NS})`);
console.log(`metrics alone: ${metrics.toFixed(0)} ns`);
if (both > GOAL_NS) process.exitCode = 1;
