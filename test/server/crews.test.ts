import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Crews } from '../../src/server/crews.ts';
import { TestedCrew } from './crew.ts';

/** The workers of a crew that is started serve. */
async function started(tested: TestedCrew): Promise<void> {
  const all = tested.crew.start();
  for (const worker of tested.workers) worker.says({ kind: 'ready' });
  await all;
}

const handedTo = ({ workers }: TestedCrew) => workers.flatMap(({ handed }) => handed.map(({ socket }) => socket));

async function two() {
  const crews = new Crews();
  const [before, after] = [new TestedCrew(1), new TestedCrew(1)];
  crews.add(before.crew);
  crews.use(before.crew);
  return { crews, before, after };
}

test('until another crew is in use all connections are of the one that is, but those that came to a place of the other', async () => {
  const { crews, before, after } = await two();
  await started(before);
  crews.add(after.crew);
  await started(after);
  const [usual, ofOther, later] = [new Socket(), new Socket(), new Socket()];
  crews.take(usual, before.crew);
  crews.take(ofOther, crews.newest);
  expect([handedTo(before), handedTo(after)]).toEqual([[usual], [ofOther]]);
  after.newest.handed[0]?.arrived();
  crews.use(after.crew);
  crews.take(later, before.crew);
  expect(handedTo(after)).toEqual([ofOther, later]);
});

test('connections that wait for a crew that is retired are of the one in use', async () => {
  const { crews, before, after } = await two();
  const waiting = new Socket();
  crews.take(waiting, before.crew);
  crews.add(after.crew);
  await started(after);
  crews.use(after.crew);
  await crews.retire(before.crew);
  expect(handedTo(after)).toEqual([waiting]);
});

test('a crew that is given up is killed, what waits for it is of the one in use, and so is what still comes to its place', async () => {
  const { crews, before, after } = await two();
  await started(before);
  crews.add(after.crew);
  void after.crew.start().catch(() => {});
  const [waiting, late] = [new Socket(), new Socket()];
  const place = crews.newest;
  crews.take(waiting, place);
  await crews.drop(after.crew);
  before.newest.handed[0]?.arrived();
  crews.take(late, place);
  expect(handedTo(before)).toEqual([waiting, late]);
  expect(after.newest.killed).toBe(true);
});

test('a retired crew ends its connections and then itself, and none that dies of it is replaced', async () => {
  const { crews, before, after } = await two();
  await started(before);
  crews.add(after.crew);
  await started(after);
  crews.use(after.crew);
  const retired = crews.retire(before.crew);
  await Promise.resolve();
  expect(before.newest.told).toEqual(['alive', 'retire', 'stop']);
  before.newest.ends({ signal: 'SIGKILL', code: null });
  await retired;
  expect(before.workers).toHaveLength(1);
});
