/** Workers that come and go. */
import { expect, test } from 'vitest';
import { LifeSign } from '../../src/server/life-sign.ts';
import { MovedClock } from '../support/clock.ts';
import { readyCrew, TestedCrew } from './crew.ts';

test('it has started when all its workers serve', async () => {
  const { crew, workers } = new TestedCrew(2);
  let over = false;
  const started = crew.start().then(() => {
    over = true;
  });
  workers[0]?.says({ kind: 'ready' });
  await Promise.resolve();
  expect({ over, ready: crew.ready }).toEqual({ over: false, ready: 1 });
  workers[1]?.says({ kind: 'ready' });
  await started;
  expect(crew.ready).toBe(2);
});

test.each([
  [{ code: 1 }, undefined, 'a worker ended before it served (with code 1)'],
  [{ code: null, signal: 'SIGKILL' }, undefined, 'a worker ended before it served (by SIGKILL)'],
  [{ code: 1 }, 'the key cannot be read', 'a worker ended before it served (the key cannot be read)'],
] as const)('one that ends before it serves ends the start: %j, %s', async (end, reason, message) => {
  const { crew, workers, pauses } = new TestedCrew(3);
  const started = crew.start();
  workers[0]?.says({ kind: 'ready' });
  if (reason !== undefined) workers[1]?.says({ kind: 'failed', reason });
  workers[1]?.ends(end);
  await expect(started).rejects.toThrow(message);
  expect(workers.map(({ killed }) => killed)).toEqual([true, false, true]);
  expect({ started: workers.length, pauses }).toEqual({ started: 3, pauses: [] });
});

test('one that dies is replaced at once; if that goes on, with pauses that double up to half a minute', async () => {
  const tested = await readyCrew(2);
  for (const pauseMs of [0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    const before = tested.workers.length;
    tested.newest.ends();
    expect(tested.pauses.at(-1)).toBe(pauseMs);
    if (pauseMs > 0) {
      tested.clock.advance(pauseMs - 1);
      expect(tested.workers).toHaveLength(before);
      tested.clock.advance(1);
    }
    expect(tested.workers).toHaveLength(before + 1);
  }
  // The other one noticed nothing.
  expect(tested.crew.ready).toBe(1);
});

test('one that lived for ten seconds is replaced at once, whatever was before', async () => {
  const tested = await readyCrew(1);
  tested.newest.ends();
  tested.newest.ends();
  tested.clock.advance(500);
  tested.clock.advance(10_000);
  tested.newest.ends();
  expect(tested.pauses).toEqual([0, 500, 0]);
});

test('its replacement is greeted, and serves when it says so', async () => {
  const tested = await readyCrew(1);
  tested.newest.ends();
  expect({ ready: tested.crew.ready, told: tested.newest.told }).toEqual({ ready: 0, told: ['alive'] });
  tested.newest.says({ kind: 'ready' });
  expect(tested.crew.ready).toBe(1);
});

test('while connections are still taken one that dies is replaced by one that knows that the end is near', async () => {
  const tested = await readyCrew(1);
  tested.crew.drain();
  tested.newest.ends();
  expect(tested.newest.told).toEqual(['alive', 'drain']);
});

test('it has stopped when all have ended, and none is replaced', async () => {
  const { crew, workers } = await readyCrew(2);
  crew.drain();
  const stopped = crew.stop();
  await new Promise(setImmediate);
  expect(workers.map(({ told }) => told)).toEqual([
    ['alive', 'drain', 'stop'],
    ['alive', 'drain', 'stop'],
  ]);
  for (const worker of workers) worker.ends({ code: 0 });
  await stopped;
  expect(workers).toHaveLength(2);
});

test('a place that waits for its next worker does not hold up the end, and stays empty', async () => {
  const tested = await readyCrew(1);
  tested.newest.ends();
  tested.newest.ends();
  await tested.crew.stop();
  tested.clock.advance(60_000);
  expect({ started: tested.workers.length, timers: tested.clock.waiting }).toEqual({ started: 2, timers: 0 });
});

test('one that does not end when its connections are to be cut is killed', async () => {
  const { crew, clock, workers } = await readyCrew(2);
  const stopped = crew.stop();
  await new Promise(setImmediate);
  crew.cut();
  workers[0]?.ends({ code: 0 });
  expect(workers[1]?.told.at(-1)).toBe('cut');
  clock.advance(1999);
  expect(workers[1]?.killed).toBe(false);
  clock.advance(1);
  await stopped;
  expect(workers.map(({ killed }) => killed)).toEqual([false, true]);
});

test('workers hear every five seconds that the first process is there', async () => {
  const { clock, newest } = await readyCrew(1);
  clock.advance(15_000);
  expect(newest.told).toEqual(['alive', 'alive', 'alive', 'alive']);
});

test('one that says nothing for half a minute is killed and replaced; one that says it is there is not', async () => {
  const { clock, crew, workers, newest, reasons } = await readyCrew(2);
  newest.hangs = true;
  clock.advance(30_000);
  expect(reasons).toEqual([]);
  clock.advance(10_000);
  expect(workers.map(({ killed }) => killed)).toEqual([false, true, false]);
  expect(reasons).toEqual(['it hung: nothing was heard of it for half a minute']);
  expect(crew.ready).toBe(1);
  clock.advance(600_000);
  expect(workers).toHaveLength(3);
});

test('a process that is not heard of for half a minute is lost, and no sooner', () => {
  const clock = new MovedClock();
  let lost = 0;
  const sign = new LifeSign(clock, () => {
    lost += 1;
  });
  clock.advance(25_000);
  sign.heard();
  clock.advance(30_000);
  expect(lost).toBe(0);
  clock.advance(10_000);
  expect(lost).toBe(1);
  clock.advance(600_000);
  expect(lost).toBe(1);
});
