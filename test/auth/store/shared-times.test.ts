/** Machines whose clocks agree in nothing, and what they find in a store that somebody else has been at. */
import { expect, test } from 'vitest';
import { MovedClock } from '../../support/clock.ts';
import { describeWithRedis, startRedis } from '../../support/redis-server.ts';
import { OTHER_STORE_KEY } from '../../support/store-keys.ts';
import { leftMs, Machine } from './machine.ts';

const HOUR_MS = 3_600_000;

/** A clock that was started at another time, and set wrong. */
function clockOf(upMs: number, wrongMs: number): MovedClock {
  const clock = new MovedClock();
  clock.advance(upMs);
  clock.jump(wrongMs);
  return clock;
}

describeWithRedis('machines with clocks of their own', () => {
  test.each([
    ['ahead', 5 * HOUR_MS, 7 * HOUR_MS],
    ['behind', 0, -7 * HOUR_MS],
  ])('a token lives as long on a machine whose clocks are hours %s, and never longer', async (_, upMs, wrongMs) => {
    const redis = await startRedis();
    const began = performance.now();
    const a = await Machine.start(redis, { clock: clockOf(HOUR_MS, 0) });
    const token = await a.own({ ageMs: 30_000 });
    const b = await Machine.start(redis, { clock: clockOf(upMs, wrongMs) });
    const same = await b.request();

    expect(same.value.reveal()).toBe(token.value.reveal());
    expect(leftMs(a, token)).toBe(70_000);
    expect(leftMs(b, same)).toBeLessThanOrEqual(70_000);
    // The clocks of the test stand still: all that went by was real time.
    expect(leftMs(b, same)).toBeGreaterThan(70_000 - (performance.now() - began) - 1);
    expect(same.requestedAtWallMs - same.requestedAtMs).toBe(b.clock.wallMs() - b.clock.monotonicMs());
    expect(b.requests).toBe(0);
  });

  test('who took a token over renews it a little later than who got it', async () => {
    const redis = await startRedis();
    const a = await Machine.start(redis);
    const token = await a.own();
    const b = await Machine.start(redis, { random: () => 0.5 });
    const same = await b.request();

    expect(token.staleAfterMs).toBe(80_000);
    expect(same.staleAfterMs).toBe(82_500);
  });

  test('Redis drops a token when it expires', async () => {
    const redis = await startRedis();
    const a = await Machine.start(redis);
    await a.own({ lifetimeMs: 100_000, ageMs: 30_000 });

    const leftInRedis = await redis.command('PTTL', await redis.key(':token'));
    expect(leftInRedis).toBeLessThanOrEqual(70_000);
    expect(leftInRedis).toBeGreaterThan(0);
  });

  test('a token that had expired when it came is not shared', async () => {
    const redis = await startRedis();
    const a = await Machine.start(redis);
    await a.own({ lifetimeMs: 1000, ageMs: 1000 });
    const b = await Machine.start(redis);

    await b.own();
    expect(b.requests).toBe(1);
  });

  test('a token from the future, as Redis’ clock was set back, counts as absent', async () => {
    const redis = await startRedis();
    const a = await Machine.start(redis);
    await a.own({ ageMs: -HOUR_MS });
    const b = await Machine.start(redis);

    await b.own();
    expect(b.requests).toBe(1);
  });
});

describeWithRedis('a store that somebody else has been at', () => {
  test.each<[string, (sealed: string) => string]>([
    ['a bit of the ciphertext', (sealed) => `${sealed.slice(0, -4)}${sealed.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`],
    ['the nonce', (sealed) => `AAAA${sealed.slice(4)}`],
    ['all of it', () => 'nonsense'],
    ['its length', (sealed) => sealed.slice(0, 20)],
  ])('L12 a token that was changed (%s) counts as absent, and is told of', async (_, change) => {
    const redis = await startRedis();
    const a = await Machine.start(redis);
    await a.own();
    const key = await redis.key(':token');
    await redis.command('SET', key, change((await redis.content()).get(key) ?? ''));
    const b = await Machine.start(redis);
    const token = await b.own();

    expect(new Set(b.warnings).size).toBe(1);
    expect(b.warnings[0]).toMatch(/cannot be read and counts as absent/);
    await a.until(() => a.adopted.length === 1);
    expect(a.adopted).toEqual([token.value.reveal()]);
  });

  test('a machine with another key gets its own token, and both tell of it', async () => {
    const redis = await startRedis();
    const a = await Machine.start(redis);
    await a.own();
    const b = await Machine.start(redis, { encryptionKey: OTHER_STORE_KEY });
    await b.own();
    await a.until(() => a.warnings.length > 0);

    expect(b.warnings[0]).toMatch(/encryptionKey is not the same everywhere/);
    expect([a.adopted, b.adopted]).toEqual([[], []]);
  });

  test('L12 a token cannot be put under another credential’s key', async () => {
    const redis = await startRedis();
    const a = await Machine.start(redis);
    await a.own();
    const key = await redis.key(':token');
    const b = await Machine.start(redis, { credential: 'another' });
    await b.own();
    const other = [...(await redis.content()).keys()].find((name) => name.endsWith(':token') && name !== key) ?? '';
    await redis.command('COPY', key, other, 'REPLACE');
    const c = await Machine.start(redis, { credential: 'another' });
    await c.own();

    expect(c.requests).toBe(1);
    expect(c.warnings[0]).toMatch(/cannot be read/);
  });

  test('something that is no text in its place counts as absent', async () => {
    const redis = await startRedis();
    const a = await Machine.start(redis);
    await a.own();
    const key = await redis.key(':token');
    await redis.command('DEL', key);
    await redis.command('LPUSH', key, 'a list');
    const b = await Machine.start(redis);
    const token = await b.own();

    expect((await (await Machine.start(redis)).request()).value.reveal()).toBe(token.value.reveal());
    expect(b.store.state).toEqual({ up: true });
  });

  test('nothing in it shows a token', async () => {
    const redis = await startRedis();
    const a = await Machine.start(redis);
    const token = await a.own();

    for (const [key, value] of await redis.content()) {
      expect(key).toMatch(/^test:[\w-]{43}:token$/);
      for (const text of [key, value, Buffer.from(value, 'base64').toString('latin1')])
        expect(text).not.toContain(token.value.reveal());
    }
  });
});
