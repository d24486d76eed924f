import { expect, onTestFinished, test } from 'vitest';
import { RedisConnection } from '../../../src/auth/store/redis-connection.ts';
import { MovedClock } from '../../support/clock.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis-server.ts';

/** A connection that is there already. */
async function connected({ port }: RedisServer): Promise<RedisConnection> {
  const connection = new RedisConnection({
    address: { host: '127.0.0.1', port, tls: false, database: 0, username: undefined, password: undefined },
    probe: { key: 'test:probe', channel: 'test:probe' },
    clock: new MovedClock(),
    random: () => 0,
  });
  onTestFinished(() => connection.close());
  const up = new Promise<void>((resolve) => connection.listen((state) => state.up && resolve()));
  connection.start();
  await up;
  return connection;
}

/** Gives how many connections were told. */
const publish = (connection: RedisConnection, channel: string): Promise<unknown> =>
  connection.run(`return redis.call('PUBLISH', '${channel}', 'x')`, [], []);

/** Resolves when all that was asked for before has been done. */
async function settled(connection: RedisConnection): Promise<void> {
  connection.subscribe('test:last', () => {});
  while ((await publish(connection, 'test:last')) === 0);
}

describeWithRedis('channels of a connection that is there', () => {
  test('one that is asked for later is heard', async () => {
    const connection = await connected(await startRedis());
    const heard = new Promise<void>((resolve) => connection.subscribe('test:late', resolve));
    await settled(connection);
    expect(await publish(connection, 'test:late')).toBe(1);
    await heard;
  });

  test('one that is left is not heard any more by who left it, but by others', async () => {
    const connection = await connected(await startRedis());
    const heard: string[] = [];
    const leave = connection.subscribe('test:a', () => heard.push('left'));
    const others = new Promise<void>((resolve) => connection.subscribe('test:a', resolve));
    leave();
    await settled(connection);
    expect(await publish(connection, 'test:a')).toBe(1);
    await others;
    expect(heard).toEqual([]);
    expect(connection.state).toEqual({ up: true });
  });

  test('nobody is subscribed where everybody has left', async () => {
    const connection = await connected(await startRedis());
    connection.subscribe('test:a', () => {})();
    await settled(connection);
    expect(await publish(connection, 'test:a')).toBe(0);
  });
});
