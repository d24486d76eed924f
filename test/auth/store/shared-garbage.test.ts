/** Somebody else can write to the Redis: what stands there is never believed, and never keeps anybody busy. */
import { expect, test } from 'vitest';
import { describeWithRedis, startRedis } from '../../support/redis-server.ts';
import { Machine } from './machine.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

describeWithRedis('a token store that holds what nobody of us wrote', () => {
  test.each<[string, Buffer]>([
    ['bytes that are no text', bytes('\xff\xfe\xc3\x28'.repeat(20))],
    ['half a character at the end of the generation', bytes(`${'A'.repeat(15)}\xc3\xa9${'A'.repeat(50)}`)],
    ['a character of four bytes', Buffer.from('😀'.repeat(30))],
    ['NULs', bytes('\0'.repeat(40))],
    ['less than a generation', bytes('abc')],
    ['a megabyte', bytes('A'.repeat(1_048_576))],
  ])('L12 %s: no token, which is replaced and told of', async (_, garbage) => {
    const redis = await startRedis();
    const a = await Machine.start(redis);
    await a.own();
    const b = await Machine.start(redis);
    await redis.command('SET', await redis.key(':token'), garbage);

    const token = await a.own();
    await b.until(() => b.adopted.at(-1) === token.value.reveal());
    expect([a.requests, b.requests]).toEqual([2, 0]);
    expect(a.warnings).not.toEqual([]);
  });
});
