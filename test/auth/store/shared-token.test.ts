import { expect, test } from 'vitest';
import { describeWithRedis, startRedis } from '../../support/redis-server.ts';
import { Machine } from './machine.ts';

describeWithRedis('a token that machines share', () => {
  test('two that want one at once make one token request, and who waited gets the same', async () => {
    const redis = await startRedis();
    const [a, b] = [await Machine.start(redis), await Machine.start(redis)];
    const first = a.request();
    await a.flying();
    const second = b.request();
    const token = a.answer();

    expect(await first).toBe(token);
    expect((await second).value.reveal()).toBe(token.value.reveal());
    expect([a.requests, b.requests]).toEqual([1, 0]);
  });

  test('who starts later finds the token without a token request', async () => {
    const redis = await startRedis();
    const a = await Machine.start(redis);
    const token = await a.own();
    const b = await Machine.start(redis);

    expect((await b.request()).value.reveal()).toBe(token.value.reveal());
    expect(b.requests).toBe(0);
  });

  test('a new token reaches the others unasked', async () => {
    const redis = await startRedis();
    const [a, b] = [await Machine.start(redis), await Machine.start(redis)];
    const first = await a.own();
    await b.until(() => b.adopted.length === 1);
    const second = await a.own();
    await b.until(() => b.adopted.length === 2);

    expect(b.adopted).toEqual([first.value.reveal(), second.value.reveal()]);
    expect(a.adopted).toEqual([]);
  });

  test('a token refused on both is renewed once: who comes late takes the new one', async () => {
    const redis = await startRedis();
    const [a, b] = [await Machine.start(redis), await Machine.start(redis)];
    await b.orHas(await a.own());
    const renewed = await a.own();

    expect(await b.orHas(renewed)).toBe(renewed.value.reveal());
    expect([a.requests, b.requests]).toEqual([2, 0]);
  });

  test('a late result never replaces a newer one', async () => {
    const redis = await startRedis();
    const [a, b] = [await Machine.start(redis), await Machine.start(redis)];
    const late = a.request();
    await a.flying();
    // As when its owner was asleep for longer than it lasts.
    await redis.command('DEL', await redis.key(':lock'));
    const newer = await b.own();
    a.answer();

    expect((await late).value.reveal()).toBe(newer.value.reveal());
    const c = await Machine.start(redis);
    expect((await c.request()).value.reveal()).toBe(newer.value.reveal());
  });

  test('a lock is let go by its owner alone', async () => {
    const redis = await startRedis();
    const [a, b, c] = [await Machine.start(redis), await Machine.start(redis), await Machine.start(redis)];
    const failing = a.request();
    await a.flying();
    await redis.command('DEL', await redis.key(':lock'));
    const second = b.request();
    await b.flying();
    const lock = await redis.key(':lock');
    const owner = await redis.command('GET', lock);
    a.fail();
    await expect(failing).rejects.toMatchObject({ code: 'token_unavailable' });
    expect(await redis.command('GET', lock)).toBe(owner);
    const third = c.request();
    const token = b.answer();

    expect((await second).value.reveal()).toBe(token.value.reveal());
    expect((await third).value.reveal()).toBe(token.value.reveal());
    expect(c.requests).toBe(0);
  });

  test('a lock lasts as long as the token request, though each time for a second only', async () => {
    const redis = await startRedis();
    const a = await Machine.start(redis);
    void a.request();
    await a.flying();
    const lock = await redis.key(':lock');
    await redis.command('PEXPIRE', lock, '60000');
    a.clock.advance(334);

    expect(await redis.command('PTTL', lock)).toBeLessThanOrEqual(1000);
    a.answer();
  });

  test('a failure is its own machine’s: who waited tries itself', async () => {
    const redis = await startRedis();
    const [a, b] = [await Machine.start(redis), await Machine.start(redis)];
    const failing = a.request();
    await a.flying();
    const waiting = b.request();
    a.fail();
    await expect(failing).rejects.toMatchObject({ code: 'token_unavailable' });
    await b.flying();
    const token = b.answer();

    expect(await waiting).toBe(token);
  });

  test('a token endpoint that told one to wait is left alone by all', async () => {
    const redis = await startRedis();
    const [a, b] = [await Machine.start(redis), await Machine.start(redis)];
    const failing = a.request();
    await a.flying();
    // It may be told before the one that failed.
    const waiting = b.request().catch((failure: unknown) => failure);
    a.fail({ retryAfterMs: 60_000 });

    await expect(failing).rejects.toMatchObject({ retryAfterMs: 60_000 });
    const told = await waiting;
    expect(told).toMatchObject({ code: 'token_unavailable', retryAfterMs: expect.any(Number) });
    expect((told as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(60_000);
    expect(b.requests).toBe(0);
    await redis.command('DEL', await redis.key(':pause'));
    expect(await b.own()).toBeDefined();
  });

  test('who holds the lock for longer than a token request can last is waited for no longer', async () => {
    const redis = await startRedis();
    const a = await Machine.start(redis);
    await a.own();
    await redis.command('SET', (await redis.key(':token')).replace(/token$/, 'lock'), 'nobody');
    const stuck = a.request();
    await a.clock.untilWaiting(2);
    a.clock.advance(12_000);
    await a.flying();
    const token = a.answer();

    expect(await stuck).toBe(token);
  });
});
