/**
 * What tokens cost: a fresh one on the way of each request, and one token request that ten thousand wait for.
 * `npm run bench:tokens`; a figure beyond its goal ends it with exit code 1.
 */

import { getHeapStatistics } from 'node:v8';
import { authorizedSend } from '../src/auth/authorized-send.ts';
import { Backoff } from '../src/auth/backoff.ts';
import { CachedSource } from '../src/auth/cached-source.ts';
import { injection } from '../src/auth/injection.ts';
import { memoryStore } from '../src/auth/store/memory.ts';
import type { Token } from '../src/auth/token.ts';
import { TokenWaits } from '../src/auth/token-waits.ts';
import { systemClock } from '../src/clock.ts';
import type { Answer, AnswerHead, OutboundRequest, Send } from '../src/exchange.ts';
import { Fields } from '../src/fields.ts';
import { Secret } from '../src/secret.ts';

const ROUNDS = 1_000_000;
const REPEATS = 7;
const WAITERS = 10_000;

interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
}

function hourToken(): Token {
  return {
    value: new Secret('not-a-token'),
    requestedAtMs: systemClock.monotonicMs(),
    requestedAtWallMs: systemClock.wallMs(),
    lifetimeMs: 3_600_000,
    staleAfterMs: 3_540_000,
  };
}

function sourceOf(requestToken: () => Promise<Token>): CachedSource {
  const backoff = new Backoff(systemClock, Math.random);
  return new CachedSource({
    credential: 'main',
    requestToken,
    place: memoryStore().place(),
    backoff,
    clock: systemClock,
  });
}

/** Bytes that were ever allocated on the heap. The types are those of the oldest Node.js that runs it, which cannot tell. */
function allocatedBytes(): number {
  const statistics: object = getHeapStatistics();
  return 'total_allocated_bytes' in statistics ? Number(statistics.total_allocated_bytes) : Number.NaN;
}

/** Of several repeats the best: what disturbs a measurement only ever makes it longer. */
function measured(what: string, once: () => void, goals: { readonly ns?: number; readonly bytes?: number }): Figure[] {
  let [ns, bytes] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const allocatedBefore = allocatedBytes();
    const beganMs = performance.now();
    for (let round = 0; round < ROUNDS; round++) once();
    ns = Math.min(ns, ((performance.now() - beganMs) * 1e6) / ROUNDS);
    bytes = Math.min(bytes, (allocatedBytes() - allocatedBefore) / ROUNDS);
  }
  return [
    { what, value: ns, unit: 'ns', ...(goals.ns !== undefined && { goal: goals.ns }) },
    { what, value: bytes, unit: 'bytes allocated', ...(goals.bytes !== undefined && { goal: goals.bytes }) },
  ];
}

async function freshToken(): Promise<Figure[]> {
  const source = sourceOf(async () => hourToken());
  const forEver = new AbortController().signal;
  await source.get(forEver);

  const head: AnswerHead = { status: 200, reason: 'OK', fields: Fields.none };
  const flow = { resume() {}, cancel() {} };
  const atOnce: Send = (_request, answer) => {
    answer.head(head, flow);
    answer.end(Fields.none);
  };
  const answer: Answer = { interim() {}, head() {}, data: () => true, end() {}, fail() {} };
  const fields = new Fields(['Accept', '*/*', 'User-Agent', 'bench', 'X-Request-Id', '1']);
  const request: OutboundRequest = { method: 'GET', target: '/x', fields, body: undefined };
  const send = authorizedSend(atOnce, {
    tokens: source,
    waits: new TokenWaits(1),
    injection: injection({}),
    statuses: [401],
    clock: systemClock,
  });
  return [
    ...measured('a fresh token from memory', () => source.current(), { ns: 1000, bytes: 128 }),
    ...measured('a request without a token, for comparison', () => atOnce(request, answer, forEver), {}),
    ...measured(
      'a request with a fresh token put on it and its answer judged',
      () => send(request, answer, forEver),
      {},
    ),
  ];
}

async function manyWaiters(): Promise<Figure[]> {
  let requests = 0;
  const { promise, resolve } = Promise.withResolvers<Token>();
  const source = sourceOf(() => {
    requests += 1;
    return promise;
  });
  const allocatedBefore = allocatedBytes();
  const beganMs = performance.now();
  const waiting = Array.from({ length: WAITERS }, () => source.get(new AbortController().signal));
  const joinedMs = performance.now();
  resolve(hourToken());
  await Promise.all(waiting);
  const overMs = performance.now();
  const what = `${WAITERS} waiters on one flight`;
  return [
    { what, value: requests, unit: 'token requests', goal: 1 },
    { what, value: joinedMs - beganMs, unit: 'ms to join' },
    { what, value: overMs - joinedMs, unit: 'ms from the token to the last of them' },
    { what, value: (allocatedBytes() - allocatedBefore) / WAITERS, unit: 'bytes allocated each' },
  ];
}

const figures = [...(await freshToken()), ...(await manyWaiters())];
for (const { what, value, unit, goal } of figures) {
  const verdict = goal === undefined ? '' : value > goal ? ` — BEYOND ITS GOAL of ${goal}` : ` (goal: ${goal})`;
  process.stdout.write(`${what}: ${value.toFixed(1)} ${unit}${verdict}\n`);
}
process.exitCode = figures.some(({ value, goal = Number.POSITIVE_INFINITY }) => value > goal) ? 1 : 0;
