/** Tokens in a process other than the one that gets them. */
import { expect, test } from 'vitest';
import { GivenSource } from '../../src/auth/given-source.ts';
import type { Token } from '../../src/auth/token.ts';
import { Failure, reason } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { Stop } from '../../src/stop.ts';
import { MovedClock } from '../support/clock.ts';
import { type RemoteEnd, remoteEnds } from './remote.ts';
import { settled, TestedSource } from './source.ts';

const never = new Stop();
const textOf = (token: Token | undefined) => token?.value.reveal();

/** Workers of a process that has its first token. */
async function withToken(workers: number, times = {}) {
  const tested = new TestedSource();
  const ends = remoteEnds(tested.source, tested.clock, workers);
  tested.source.refresh();
  await tested.answer(times);
  return { tested, ends, end: ends[0] as RemoteEnd };
}

test('a new token is at hand everywhere without being asked for', async () => {
  const { ends } = await withToken(3);
  expect(ends.map(({ source }) => textOf(source.current()))).toEqual(['token-1', 'token-1', 'token-1']);
  expect(ends.map(({ asked }) => asked)).toEqual([0, 0, 0]);
});

test('one that comes later gets the token that is there', async () => {
  const { tested } = await withToken(1);
  const [late] = remoteEnds(tested.source, tested.clock, 1);
  expect(textOf(late?.source.current())).toBe('token-1');
});

test('many requests in many workers make one token request', async () => {
  const tested = new TestedSource();
  const ends = remoteEnds(tested.source, tested.clock, 4);
  const waiting = ends.flatMap(({ source }) => Array.from({ length: 25 }, () => source.get(never)));
  await settled();
  expect(tested.requests).toBe(1);
  await tested.answer();
  expect(new Set((await Promise.all(waiting)).map(textOf))).toEqual(new Set(['token-1']));
  expect(ends.map(({ asked }) => asked)).toEqual([1, 1, 1, 1]);
});

test('a token that all workers saw refused is renewed once', async () => {
  const { tested, ends, end } = await withToken(3);
  const first = end.source.current() as Token;
  const renewals = ends.flatMap(({ source }) => {
    const refused = source.current() as Token;
    return [source.renew(refused, never), source.renew(refused, never)];
  });
  await settled();
  expect(tested.requests).toBe(2);
  await tested.answer();
  expect((await Promise.all(renewals)).map(textOf)).toEqual(Array.from({ length: 6 }, () => 'token-2'));
  // Who comes late with it gets the one that is there.
  expect(textOf(await end.source.renew(first, never))).toBe('token-2');
  expect({ requests: tested.requests, asked: end.asked }).toEqual({ requests: 2, asked: 1 });
});

test('a worker that has not heard of the new token yet renews nothing', async () => {
  const { tested, ends } = await withToken(2);
  const [quick, slow] = ends as [RemoteEnd, RemoteEnd];
  const refused = slow.source.current() as Token;
  slow.hold();
  const renewed = quick.source.renew(quick.source.current() as Token, never);
  await tested.answer();
  await renewed;
  const late = slow.source.renew(refused, never);
  await settled();
  slow.release();
  expect(textOf(await late)).toBe('token-2');
  expect(tested.requests).toBe(2);
});

test('what comes late never replaces what is newer', async () => {
  const { tested, end } = await withToken(1);
  end.hold();
  const first = end.source.renew(end.source.current() as Token, never);
  await tested.answer();
  tested.source.refresh();
  await tested.answer();
  end.release((held) => held.toReversed());
  expect(textOf(await first)).toBe('token-3');
  expect(textOf(end.source.current())).toBe('token-3');
});

test('a lifetime is counted from the token request, however long the token was on its way', async () => {
  const tested = new TestedSource();
  const [end] = remoteEnds(tested.source, tested.clock, 1) as [RemoteEnd];
  end.hold();
  tested.source.refresh();
  await tested.answer({ lifetimeMs: 10_000 });
  tested.clock.advance(9000);
  end.release();
  expect(textOf(end.source.current())).toBe('token-1');
  tested.clock.advance(999);
  expect(textOf(end.source.current())).toBe('token-1');
  tested.clock.advance(1);
  expect(end.source.current()).toBeUndefined();
});

test('a token that does not expire does not expire elsewhere', async () => {
  const clock = new MovedClock();
  const given = { rotates: false, read: async () => ({ value: new Secret('canary-given') }) };
  const source = new GivenSource({ credential: 'main', given, clock, warn: () => {} });
  const [end] = remoteEnds(source, clock, 1) as [RemoteEnd];
  source.watch()();
  await settled();
  clock.advance(1e12);
  expect(textOf(end.source.current())).toBe('canary-given');
  // Refused, it cannot be had any better.
  await expect(end.source.renew(end.source.current() as Token, never)).rejects.toMatchObject({ code: 'token_refused' });
});

test('a failure is the same everywhere, in answers and in the log', async () => {
  const tested = new TestedSource();
  const [end] = remoteEnds(tested.source, tested.clock, 1) as [RemoteEnd];
  const here = tested.get().catch((failure) => failure);
  const there = end.source.get(never).catch((failure) => failure);
  await settled();
  await tested.fail('token_refused', { cause: new Error('why', { cause: new Error('and why that') }) });
  const [ours, theirs]: Failure[] = await Promise.all([here, there]);
  expect(theirs).toBeInstanceOf(Failure);
  const { code, detail, retryAfterMs } = ours as Failure;
  expect(theirs).toMatchObject({ code, detail, retryAfterMs });
  expect(retryAfterMs).toBeGreaterThan(0);
  expect(reason(theirs as Failure)).toBe(reason(ours as Failure));
  expect(reason(theirs as Failure)).toContain('and why that');
});

test('while the first process backs off, requests everywhere fail at once', async () => {
  const tested = new TestedSource();
  const [end] = remoteEnds(tested.source, tested.clock, 1) as [RemoteEnd];
  const first = end.source.get(never);
  first.catch(() => {});
  await settled();
  await tested.fail();
  await expect(end.source.get(never)).rejects.toMatchObject({ code: 'token_unavailable' });
  expect(tested.requests).toBe(1);
});

test('that a token is used is told once a second at most, and keeps it from going stale', async () => {
  const { tested, end } = await withToken(1, { lifetimeMs: 100_000, staleAfterMs: 80_000 });
  for (let i = 0; i < 5; i += 1) end.source.current();
  expect(end.said).toEqual([{ kind: 'used', credential: 'main' }]);
  tested.clock.advance(999);
  end.source.current();
  expect(end.said).toHaveLength(1);
  tested.clock.advance(1);
  end.source.current();
  expect(end.said).toHaveLength(2);
  expect(tested.source.usedAtMs).toBe(tested.clock.monotonicMs());

  tested.clock.advance(80_000);
  expect(textOf(end.source.current())).toBe('token-1');
  expect(tested.requests).toBe(2);
  await tested.answer();
  expect(textOf(end.source.current())).toBe('token-2');
});

test('a client that leaves ends its own waiting, and not that of others', async () => {
  const tested = new TestedSource();
  const [end] = remoteEnds(tested.source, tested.clock, 1) as [RemoteEnd];
  const leaving = new Stop();
  const left = end.source.get(leaving);
  const stays = end.source.get(never);
  leaving.abort('left');
  await expect(left).rejects.toBe('left');
  await settled();
  await tested.answer();
  expect(textOf(await stays)).toBe('token-1');
});

test('when the first process has gone nobody waits for it, and tokens at hand are good until they expire', async () => {
  const { tested, end } = await withToken(1, { lifetimeMs: 10_000 });
  end.hold();
  const waiting = end.source.renew(end.source.current() as Token, never);
  end.tokens.lost();
  await expect(waiting).rejects.toMatchObject({ code: 'token_unavailable', detail: expect.stringContaining('main') });
  expect(textOf(await end.source.get(never))).toBe('token-1');
  tested.clock.advance(10_000);
  await expect(end.source.get(never)).rejects.toMatchObject({ code: 'token_unavailable' });
  expect(end.asked).toBe(1);
});

test('a credential that is not there any more is told as one that has no token', async () => {
  const { end } = await withToken(1);
  await expect(end.tokens.source('other').get(never)).rejects.toMatchObject({ code: 'token_unavailable' });
});
