import { expect, test } from 'vitest';
import { refreshAhead } from '../../src/auth/refresh-ahead.ts';
import { codeOf, settled, TestedSource } from './source.ts';

const HOUR = 3_600_000;

function ahead(random = 1): TestedSource & { readonly stop: () => void } {
  const tested = new TestedSource(random);
  return Object.assign(tested, { stop: refreshAhead(tested.source, tested) });
}

test('the first token is asked for at once, without a request', async () => {
  const tested = ahead();

  expect(tested.requests).toBe(1);
  const first = await tested.answer();
  expect(tested.source.usable()).toBe(first);
});

test('a token is renewed ahead of its expiry, once, in the background, without a request', async () => {
  const tested = ahead();
  const first = await tested.answer();
  tested.clock.advance(79_999);
  expect(tested.requests).toBe(1);

  tested.clock.advance(1);
  expect(tested.requests).toBe(2);
  expect(tested.source.current()).toBe(first);
  tested.clock.advance(5000);
  const second = await tested.answer();

  expect(tested.source.current()).toBe(second);
  expect(tested.requests).toBe(2);
});

test('the next renewal is reckoned from the start of the request, however slow it was', async () => {
  const tested = ahead();
  await tested.answer();
  tested.clock.advance(80_000);
  tested.clock.advance(15_000);
  await tested.answer();

  tested.clock.advance(64_999);
  expect(tested.requests).toBe(2);
  tested.clock.advance(1);
  expect(tested.requests).toBe(3);
});

test.each([1, 0.7, 0.123456789, 0])('it recovers by itself when its backoff ends (jitter %d)', async (random) => {
  const tested = ahead(random);
  for (let failures = 1; failures <= 8; failures++) {
    await tested.fail();
    if (random > 0) expect(tested.requests).toBe(failures);
    tested.clock.advance(60_000);
    expect(tested.requests).toBe(failures + 1);
  }
  const token = await tested.answer();

  expect(tested.source.usable()).toBe(token);
});

test('Retry-After holds for the recovery, too', async () => {
  const tested = ahead(0);
  await tested.fail('token_unavailable', { retryAfterMs: 7000 });
  tested.clock.advance(6999);
  expect(tested.requests).toBe(1);

  tested.clock.advance(1);
  expect(tested.requests).toBe(2);
});

test('a refused client is tried again after 30 s, doubling to 5 min', async () => {
  const tested = ahead();
  for (const [i, waitMs] of [30_000, 60_000, 120_000, 240_000, 300_000, 300_000].entries()) {
    await tested.fail('token_refused');
    tested.clock.advance(waitMs - 1);
    expect(tested.requests).toBe(i + 1);
    tested.clock.advance(1);
    expect(tested.requests).toBe(i + 2);
  }
});

test('a renewal that fails is tried again while the old token is in use', async () => {
  const tested = ahead();
  const first = await tested.answer();
  tested.clock.advance(80_000);
  await tested.fail();
  expect(tested.source.usable()).toBe(first);

  tested.clock.advance(500);
  const second = await tested.answer();
  expect(tested.source.usable()).toBe(second);
});

test('after an hour unused a credential without a token is tried once a minute', async () => {
  const tested = ahead();
  tested.clock.advance(HOUR + 1);
  for (let minute = 1; minute <= 5; minute++) {
    await tested.fail();
    tested.clock.advance(59_999);
    expect(tested.requests).toBe(minute);
    tested.clock.advance(1);
    expect(tested.requests).toBe(minute + 1);
  }
});

test('a credential that nobody used for three lifetimes rests, until somebody asks', async () => {
  const tested = ahead();
  await tested.answer();
  for (let renewals = 1; renewals <= 3; renewals++) {
    tested.clock.advance(80_000);
    expect(tested.requests).toBe(renewals + 1);
    await tested.answer();
  }
  tested.clock.advance(24 * HOUR);
  expect(tested.requests).toBe(4);
  expect(tested.source.usable()).toBeUndefined();

  const asked = tested.get();
  expect(await tested.answer()).toBe(await asked);
  tested.clock.advance(80_000);
  expect(tested.requests).toBe(6);
});

test('one that is used does not rest', async () => {
  const tested = ahead();
  await tested.answer();
  for (let renewals = 1; renewals <= 20; renewals++) {
    tested.clock.advance(79_000);
    tested.source.current();
    tested.clock.advance(1000);
    expect(tested.requests).toBe(renewals + 1);
    await tested.answer();
  }
});

test('stopped, it asks no more', async () => {
  const tested = ahead();
  await tested.fail();
  tested.stop();
  tested.clock.advance(HOUR);

  expect(tested.requests).toBe(1);
  expect(tested.clock.waiting).toBe(0);
});

test('stopped while a token request is under way, it sets no timer when that ends', async () => {
  const tested = ahead();
  tested.stop();
  await tested.answer();
  await settled();

  expect(tested.clock.waiting).toBe(0);
});

test('a token that keeps coming too late is not asked for in a loop', async () => {
  const tested = ahead();
  const failing = codeOf(tested.get());
  tested.clock.advance(2000);
  await tested.answer({ lifetimeMs: 1 });

  expect(await failing).toBe('token_unavailable');
  tested.clock.advance(499);
  expect(tested.requests).toBe(1);
  tested.clock.advance(1);
  expect(tested.requests).toBe(2);
});

/** One that is refused, five seconds later: its secret is being looked at. */
async function lookingAtSecret() {
  const tested = new TestedSource();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const stop = refreshAhead(tested.source, {
    backoff: tested.backoff,
    clock: tested.clock,
    secretChanged: () => promise,
  });
  await tested.fail('token_refused');
  tested.clock.advance(5000);
  return { tested, stop, changed: resolve };
}

test('a new secret ends the wait of a refused client', async () => {
  const { tested, changed } = await lookingAtSecret();
  changed(true);
  await settled();

  expect(tested.requests).toBe(2);
});

test('a new secret that is seen too late, when a token is there, costs no token request', async () => {
  const { tested, changed } = await lookingAtSecret();
  tested.clock.advance(30_000);
  const token = await tested.first();
  changed(true);
  await settled();

  expect(tested.source.usable()).toBe(token);
  expect(tested.requests).toBe(2);
});

test('stopped while its secret is looked at, it asks no more', async () => {
  const { tested, stop, changed } = await lookingAtSecret();
  stop();
  changed(true);
  await settled();

  expect(tested.requests).toBe(1);
  expect(tested.clock.waiting).toBe(0);
});
