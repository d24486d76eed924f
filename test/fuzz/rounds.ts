import { expect } from 'vitest';
import { count } from '../support/counts.ts';
import { type Random, randomFrom } from '../support/random.ts';

/** Of `npm run fuzz -- --minutes N`; without it there is one round, always the same. */
const MINUTES = Number(process.env['BEARERWAY_FUZZ_MINUTES'] ?? 0);
const SEED = Number(process.env['BEARERWAY_SEED'] ?? 20_261_121);

/** So long a test of rounds may take, the last of them included. Milliseconds. */
export const patience = MINUTES * 60_000 + 60_000;

/** One round; gives how many executions there were in it. Fails where something is not as it must be. */
export type Round = (random: Random, seed: number) => Promise<number> | number;

/** Rounds until the time is over, each from a seed of its own, which is told when it fails. */
export async function rounds(target: string, round: Round): Promise<void> {
  const endMs = performance.now() + MINUTES * 60_000;
  let executions = 0;
  for (let seed = SEED; seed === SEED || performance.now() < endMs; seed += 1) {
    try {
      executions += await round(randomFrom(seed), seed);
    } catch (cause) {
      throw new Error(`${target}, again by: npm run fuzz -- --seed ${seed}`, { cause });
    }
  }
  count(`fuzz executions: ${target}`, executions);
}

/** How many sockets this process has open or half open. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((type) => /^(TCPSocketWrap|TCPConnectWrap)$/.test(type)).length;
}

/** Fails if more are left than there were, once all that is under way has had its turns. */
export async function noSocketsBut(before: number): Promise<void> {
  for (let turn = 0; turn < 1000 && openSockets() > before; turn += 1) await new Promise((next) => setImmediate(next));
  expect(openSockets(), 'sockets that are left open').toBeLessThanOrEqual(before);
}
