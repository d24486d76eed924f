/**
 * Random legal interleavings of clients, an API, a token source and a clock, on real sockets. Whatever happens: each
 * request has one answer or one cut, no byte of one exchange is in another, and every state that waits has a deadline.
 * BEARERWAY_STATES says how many; BEARERWAY_SEED plays the scenario of that seed, and those behind it.
 */

import { expect, test } from 'vitest';
import { count } from '../support/counts.ts';
import { randomFrom } from '../support/random.ts';
import { ApiSide } from './states/api-side.ts';
import { ClientSide } from './states/client-side.ts';
import { type Plan, plan } from './states/plan.ts';
import { Schedule, turn } from './states/schedule.ts';
import { Stage } from './states/stage.ts';

/** `npm run security` makes it 5000. */
const SCENARIOS = Number(process.env['BEARERWAY_STATES'] ?? 150);
const SEED = Number(process.env['BEARERWAY_SEED'] ?? 20_261_121);
/** Turns of the event loop behind which nothing more can be on its way. */
const QUIET = 400;

interface World {
  readonly stage: Stage;
  readonly api: ApiSide;
  readonly clients: readonly ClientSide[];
  readonly violations: string[];
}

const openSockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

/** In a world without faults every client gets all its answers. */
async function play(seed: number): Promise<{ readonly requests: number; readonly answers: number }> {
  const random = randomFrom(seed);
  const schedule = new Schedule(random);
  const faulty = random(3) > 0;
  const violations: string[] = [];
  const plans = new Map<string, Plan>();
  const violation = (what: string): void => void violations.push(what);
  const before = openSockets();
  const isToken = (token: string): boolean => stage.issued.has(token);
  const api = new ApiSide({ schedule, plans, faulty, violation, isToken });
  const stage = new Stage({ schedule, faulty, apiUrl: await api.listen() });
  try {
    const port = (await stage.listener.listen()) ?? 0;
    const clients = Array.from({ length: 1 + random(4) }, (_, c) => {
      const own = Array.from({ length: 1 + random(4) }, (__, r) => plan(`m${seed}-${c}${r}`, random, faulty));
      // RFC 9112 §9.6: behind a request that ends the connection nothing is sent.
      const last = own.findIndex(({ closes }) => closes);
      const sent = own.slice(0, last === -1 ? own.length : last + 1);
      for (const each of sent) plans.set(each.marker, each);
      return new ClientSide({ port, plans: sent, schedule, faulty });
    });
    const world: World = { stage, api, clients, violations };
    const time = schedule.actor();
    // Less than any deadline that would cut what goes well.
    for (let steps = random(6); steps > 0; steps -= 1) time.does(() => stage.clock.advance(random(200)));
    const end = schedule.actor();
    for (let wait = random(60); wait > 0; wait -= 1) end.does(() => {});
    if (random(3) === 0) end.does(() => stage.listener.drain());
    await schedule.play(QUIET, () => !faulty && clients.every((client) => client.content));
    if (!faulty) expectServed(world);
    await expectOver(world, before);
    expectCounted(world);
    return { requests: stage.records.length, answers: clients.flatMap((client) => client.answers()).length };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}; over: ${JSON.stringify(stage.records)}`);
  } finally {
    stage.close();
    api.close();
    await settle(() => openSockets() <= before);
  }
}

function expectServed({ clients, violations }: World): void {
  for (const client of clients) {
    const got = client.answers();
    expect(client.content, `answered: ${JSON.stringify(got)} of ${JSON.stringify(client.plans)}`).toBe(true);
    expect(got.filter(({ isProblem }) => isProblem)).toEqual([]);
  }
  expect(violations).toEqual([]);
}

/** Time passes, and nobody else does anything. */
async function expectOver({ stage, api, clients }: World, before: number): Promise<void> {
  const open = (): number => clients.filter(({ socket }) => !socket.closed).length + api.sockets.size;
  const ours = (): number => openSockets() - before - open();
  const waiting = (): string =>
    `${ours()} sockets, ${stage.clock.waiting} timers, ${stage.records.length} of ${stage.handed} requests over`;
  const isOver = () => ours() <= 0 && stage.clock.waiting === 0 && stage.records.length === stage.handed;
  for (let minute = 0; minute < 10 && !isOver(); minute += 1) {
    for (let second = 0; second < 60; second += 10) {
      stage.clock.advance(10_000);
      for (let turns = 0; turns < 5; turns += 1) await turn();
    }
    await settle(isOver);
  }
  expect(isOver(), `still there after ten minutes: ${waiting()}`).toBe(true);
}

async function settle(holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < QUIET && !holds(); turns += 1) await turn();
}

function expectCounted({ stage, api, clients, violations }: World): void {
  expect(violations).toEqual([]);
  expect(stage.replayMemory.taken).toBe(0);
  const ids = stage.records.map(({ requestId }) => requestId);
  expect(new Set(ids).size, `a request was over twice: ${ids}`).toBe(ids.length);
  for (const [marker, times] of api.times) {
    const refused = api.refused.get(marker) ?? 0;
    // Once, once more for a refusal, and each once more for a connection that had been used and was gone.
    expect(times, marker).toBeLessThanOrEqual(2 * (1 + Math.min(1, refused)));
  }
  for (const client of clients) {
    const got = client.answers();
    const last = got.at(-1);
    if (client.rude || last === undefined || last.whole) continue;
    expect(client.socket.closed, 'an answer that is not whole ends with its connection').toBe(true);
  }
}

test(`${SCENARIOS} interleavings: one answer or one cut each, nothing mixed up, and everything is over at some time`, async () => {
  let requests = 0;
  let answers = 0;
  for (let seed = SEED; seed < SEED + SCENARIOS; seed += 1) {
    try {
      const played = await play(seed);
      requests += played.requests;
      answers += played.answers;
    } catch (error) {
      throw new Error(`the scenario of BEARERWAY_SEED=${seed} BEARERWAY_STATES=1`, { cause: error });
    }
  }
  expect(answers).toBeGreaterThan(SCENARIOS);
  expect(requests).toBeGreaterThanOrEqual(answers);
  count(`interleavings of clients and APIs (${requests} requests)`, SCENARIOS);
}, 600_000);
