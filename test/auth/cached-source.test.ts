import { expect, test } from 'vitest';
import { codeOf, settled, TestedSource } from './source.ts';

test('a fresh token costs nothing; a stale one is used while one new one is got; an expired one is not used', async () => {
  const tested = new TestedSource();
  const first = await tested.first();
  tested.clock.advance(79_999);
  expect(tested.source.current()).toBe(first);
  expect(tested.requests).toBe(1);

  tested.clock.advance(1);
  for (let i = 0; i < 5; i++) expect(tested.source.current()).toBe(first);
  expect(tested.requests).toBe(2);

  tested.clock.advance(20_000);
  expect(tested.source.current()).toBeUndefined();
  expect(tested.source.usable()).toBeUndefined();
});

test('a hundred that wait cost one token request', async () => {
  const tested = new TestedSource();
  const waiting = Array.from({ length: 100 }, () => tested.get());
  const token = await tested.answer();

  expect(new Set(await Promise.all(waiting))).toEqual(new Set([token]));
  expect(tested.requests).toBe(1);
});

test('who started the token request leaves: the others get the token all the same', async () => {
  const tested = new TestedSource();
  const leaving = new AbortController();
  const first = tested.source.get(leaving.signal);
  const others = Array.from({ length: 20 }, () => tested.get());
  leaving.abort(new Error('the client has left'));
  await expect(first).rejects.toThrow('the client has left');

  const token = await tested.answer();

  expect(new Set(await Promise.all(others))).toEqual(new Set([token]));
  expect(tested.requests).toBe(1);
});

test('everybody leaves: the token is there for the next one', async () => {
  const tested = new TestedSource();
  const left = tested.source.get(AbortSignal.abort(new Error('left before')));
  await expect(left).rejects.toThrow('left before');
  const token = await tested.answer();

  expect(await tested.get()).toBe(token);
  expect(tested.requests).toBe(1);
});

test('a token that had expired before it came is not handed out, and is not asked for again at once', async () => {
  const tested = new TestedSource();
  const slow = tested.get();
  const failing = codeOf(slow);
  tested.clock.advance(1000);
  await tested.answer({ lifetimeMs: 1000 });

  expect(await failing).toBe('token_unavailable');
  expect(await codeOf(tested.get())).toBe('token_unavailable');
  expect(tested.requests).toBe(1);
  tested.clock.advance(500);
  expect(await tested.first()).toBeDefined();
});

test('a refused token is renewed once, however many were refused with it', async () => {
  const tested = new TestedSource();
  const refused = await tested.first();
  const waiting = Array.from({ length: 50 }, () => tested.renew(refused));
  const renewed = await tested.answer();

  expect(new Set(await Promise.all(waiting))).toEqual(new Set([renewed]));
  expect(tested.requests).toBe(2);
});

test('a late refusal of an older token gets the current one, without a token request', async () => {
  const tested = new TestedSource();
  const first = await tested.first();
  const renewing = tested.renew(first);
  const second = await tested.answer();
  await renewing;

  for (let i = 0; i < 10; i++) expect(await tested.renew(first)).toBe(second);
  expect(tested.requests).toBe(2);
});

test('a refusal joins the token request under way', async () => {
  const tested = new TestedSource();
  const first = await tested.first();
  tested.clock.advance(80_000);
  tested.source.current();
  expect(tested.underWay).toBe(1);

  const renewing = tested.renew(first);
  const second = await tested.answer();

  expect(await renewing).toBe(second);
  expect(tested.requests).toBe(2);
});

test('a renewal that fails leaves the token in use until it expires', async () => {
  const tested = new TestedSource();
  const first = await tested.first();
  const renewing = codeOf(tested.renew(first));
  await tested.fail('token_refused');

  expect(await renewing).toBe('token_refused');
  tested.clock.advance(99_999);
  expect(tested.source.current()).toBe(first);
  tested.clock.advance(1);
  expect(tested.source.current()).toBeUndefined();
});

test('a failure is remembered: who asks while we back off is told at once, without a call', async () => {
  const tested = new TestedSource(0);
  const failing = codeOf(tested.get());
  await tested.fail('token_unavailable', { retryAfterMs: 7000 });
  expect(await failing).toBe('token_unavailable');

  tested.clock.advance(4000);
  await expect(tested.get()).rejects.toMatchObject({ code: 'token_unavailable', retryAfterMs: 3000 });
  tested.source.refresh();
  tested.clock.advance(2999);
  expect(await codeOf(tested.get())).toBe('token_unavailable');
  expect(tested.requests).toBe(1);

  tested.clock.advance(1);
  expect((await tested.first()).value.reveal()).toBe('token-2');
});

test('a refusal of our client is remembered for 30 s, then 60 s', async () => {
  const tested = new TestedSource();
  for (const [i, waitMs] of [30_000, 60_000].entries()) {
    const failing = codeOf(tested.get());
    await tested.fail('token_refused');
    expect(await failing).toBe('token_refused');
    tested.clock.advance(waitMs - 1);
    expect(await codeOf(tested.get())).toBe('token_refused');
    expect(tested.requests).toBe(i + 1);
    tested.clock.advance(1);
  }
});

test('everybody who waits hears of the failure, and when to come again', async () => {
  const tested = new TestedSource();
  const waiting = Array.from({ length: 10 }, () => tested.get().catch((failure: unknown) => failure));
  await tested.fail();

  for (const failure of await Promise.all(waiting)) {
    expect(failure).toMatchObject({ code: 'token_unavailable', retryAfterMs: 500 });
  }
});

test('L11 the wall clock jumps ahead (the machine slept): the token is used, and renewed once in the background', async () => {
  const tested = new TestedSource();
  const first = await tested.first();
  tested.clock.jump(31_000);

  for (let i = 0; i < 3; i++) expect(tested.source.current()).toBe(first);
  const second = await tested.answer();

  for (let i = 0; i < 3; i++) expect(tested.source.current()).toBe(second);
  expect(tested.requests).toBe(2);
});

test('the wall clock is set back: nothing happens', async () => {
  const tested = new TestedSource();
  const first = await tested.first();
  tested.clock.jump(-3_600_000);

  expect(tested.source.current()).toBe(first);
  await settled();
  expect(tested.requests).toBe(1);
});

test('a token that came forgets the failures before it', async () => {
  const tested = new TestedSource();
  for (const waitMs of [500, 1000]) {
    const failing = codeOf(tested.get());
    await tested.fail();
    await failing;
    tested.clock.advance(waitMs);
  }
  const token = await tested.first();
  expect(tested.backoff.failure).toBeUndefined();

  const renewing = tested.renew(token).catch((failure: unknown) => failure);
  await tested.fail();
  expect(await renewing).toMatchObject({ retryAfterMs: 500 });
});
