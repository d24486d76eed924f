/** What workers report, added up. */
import { expect, test } from 'vitest';
import { CrewWork } from '../../src/app/crew-work.ts';
import { OwnWork } from '../../src/app/work.ts';
import { type WorkReport, WorkReports } from '../../src/app/work-report.ts';
import { createLog } from '../../src/observe/log.ts';
import { ReplayMemory } from '../../src/proxy/body.ts';
import { InFlight } from '../../src/proxy/in-flight.ts';
import { newRecord, type RequestRecord } from '../../src/proxy/record.ts';
import type { Worker } from '../../src/server/worker.ts';
import type { ToWorker } from '../../src/worker-messages.ts';
import { MovedClock } from '../support/clock.ts';

const log = createLog('silent', { write: () => {} });

/** A worker's end, as JSON brings it there; it answers as long as it does not hang. */
class ReportingWorker implements Worker {
  readonly pid = 7;
  readonly inFlight = new InFlight();
  readonly reports: WorkReports;
  readonly #work: OwnWork;
  readonly #crew: CrewWork;
  readonly #clock: MovedClock;
  hangs = false;
  told = 0;

  constructor(crew: CrewWork, clock: MovedClock) {
    this.#crew = crew;
    this.#clock = clock;
    this.#work = new OwnWork({ clock, log, inFlight: this.inFlight, replayMemory: new ReplayMemory(0) });
    this.reports = new WorkReports(this.#work, clock, (report) => this.#tell(report, null));
    crew.joined(this);
  }

  did(more: Partial<RequestRecord> = {}): void {
    const usual = { route: '/api', status: 200, durationMs: 10, endedAtMs: this.#clock.monotonicMs(), overheadMs: 1 };
    this.#work.observe({ ...newRecord({ requestId: 'r', method: 'GET', client: 'unix:' }), ...usual, ...more });
  }

  tell(message: ToWorker): void {
    if (this.hangs) return;
    if (message.kind === 'watched') this.reports.watched(message.isWatched);
    if (message.kind === 'report') this.#tell(this.reports.read(), message.id);
  }

  hand(): void {}

  kill(): void {}

  #tell(report: WorkReport, answers: number | null): void {
    this.told += 1;
    this.#crew.heard(JSON.parse(JSON.stringify(report)), this, answers);
  }
}

function start() {
  const clock = new MovedClock();
  const crew = new CrewWork({ clock, log });
  const workers = [new ReportingWorker(crew, clock), new ReportingWorker(crew, clock)] as const;
  return { clock, crew, workers };
}

const routesOf = (crew: CrewWork) => new Map(crew.traffic().routes.map((counts) => [counts.route, counts]));

test('counts of all, by what they are counts of', async () => {
  const { crew, workers } = start();
  const [a, b] = workers;
  a.did();
  a.did({ status: 502, error: 'upstream_reset', durationMs: 70_000 });
  b.did();
  b.did({ route: '/other', retry: 'done' });
  a.inFlight.began();
  b.inFlight.began();
  await crew.refresh();
  const api = routesOf(crew).get('/api');
  expect(api).toMatchObject({
    requests: [
      { method: 'GET', code: 200, count: 2 },
      { method: 'GET', code: 502, count: 1 },
    ],
    errors: 1,
    latestMs: [10, 70_000, 10],
  });
  expect(api?.duration.counts.reduce((sum, count) => sum + count)).toBe(3);
  expect(api?.duration.sum).toBeCloseTo(70.02);
  expect(api?.lastMinute.at(-1)).toEqual({ requests: 3, errors: 1 });
  expect(routesOf(crew).get('/other')).toMatchObject({ errors: 0, retries: [['done', 1]] });
  expect(new Map(crew.traffic().errors).get('upstream_reset')).toBe(1);
  expect(crew.inFlight).toBe(2);
});

test('what one has done stays counted when it has gone, and what it had in hand is no more', async () => {
  const { clock, crew, workers } = start();
  const [a, b] = workers;
  a.did();
  b.did();
  a.inFlight.began();
  await crew.refresh();
  crew.left(a);
  clock.advance(2000);
  b.did();
  await crew.refresh();
  expect(routesOf(crew).get('/api')).toMatchObject({ requests: [{ count: 3 }] });
  expect(
    routesOf(crew)
      .get('/api')
      ?.lastMinute.slice(-3)
      .map(({ requests }) => requests),
  ).toEqual([2, 0, 1]);
  expect(crew.inFlight).toBe(0);
});

test('requests move out of the last minute though nobody reports', async () => {
  const { clock, crew, workers } = start();
  workers[0].did();
  await crew.refresh();
  clock.advance(59_000);
  expect(routesOf(crew).get('/api')?.lastMinute[0]).toEqual({ requests: 1, errors: 0 });
  clock.advance(1000);
  expect(
    routesOf(crew)
      .get('/api')
      ?.lastMinute.some(({ requests }) => requests > 0),
  ).toBe(false);
});

test('one that hangs is waited for a second, and counted as it was', async () => {
  const { clock, crew, workers } = start();
  const [a, b] = workers;
  a.did();
  await crew.refresh();
  a.hangs = true;
  b.did();
  let isDone = false;
  const done = crew.refresh().then(() => {
    isDone = true;
  });
  clock.advance(999);
  await Promise.resolve();
  expect(isDone).toBe(false);
  clock.advance(1);
  await done;
  expect(routesOf(crew).get('/api')).toMatchObject({ requests: [{ count: 2 }] });
});

test('one that dies while it is asked is not waited for', async () => {
  const { crew, workers } = start();
  workers[0].hangs = true;
  const done = crew.refresh();
  crew.left(workers[0]);
  await done;
  expect(crew.traffic().routes).toEqual([]);
});

test('one that has nothing to do tells nothing; else once a second, and the routes that had requests', () => {
  const { clock, crew, workers } = start();
  const [a] = workers;
  clock.advance(60_000);
  expect(a.told).toBe(0);
  for (const route of ['/x', '/y']) for (let i = 0; i < 100; i += 1) a.did({ route });
  clock.advance(1000);
  expect(a.told).toBe(1);
  a.did({ route: '/y' });
  expect(a.reports.read().traffic.routes.map(({ route }) => route)).toEqual(['/y']);
  expect([...routesOf(crew).keys()]).toEqual(['/x', '/y']);
});

test('the latest hundred of all are remembered, the newest first', async () => {
  const { clock, crew, workers } = start();
  for (let i = 0; i < 120; i += 1) {
    workers[i % 2 === 0 ? 0 : 1].did({ requestId: `${i}` });
    clock.advance(1);
  }
  await crew.refresh();
  expect(crew.latest().map(({ requestId }) => requestId)).toEqual(Array.from({ length: 100 }, (_, i) => `${119 - i}`));
});

test('who watches hears of requests of all in their order, and how many more there were', () => {
  const { clock, crew, workers } = start();
  const heard: string[] = [];
  let more = 0;
  crew.follow({
    publish: ({ requestId }) => void heard.push(requestId),
    skipped: (count) => {
      more += count;
    },
  });
  workers[0].did();
  clock.advance(1000);
  expect(heard).toEqual([]);
  crew.watched(true);
  for (let i = 0; i < 130; i += 1) workers[0].did({ requestId: `${i}` });
  workers[1].inFlight.began();
  clock.advance(250);
  expect(heard).toEqual(Array.from({ length: 100 }, (_, i) => `${30 + i}`));
  expect(more).toBe(30);
  expect(crew.inFlight).toBe(1);
  crew.watched(false);
  clock.advance(250);
  const [{ told }] = workers;
  clock.advance(60_000);
  expect(workers[0].told).toBe(told);
});
