import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { type RedisAddress, RedisConnection, type RedisState } from '../../../src/auth/store/redis-connection.ts';
import { EXTEND, READ, RELEASE, REPLACE, TAKE } from '../../../src/auth/store/scripts.ts';
import { Secret } from '../../../src/secret.ts';
import { selfSigned } from '../../support/certificate.ts';
import { MovedClock } from '../../support/clock.ts';
import { describeWithRedis, startRedis } from '../../support/redis-server.ts';
import { listening } from '../../support/server.ts';

const RETRY_MS = 500;

/** Counts the waits before another try, each of which is the end of the one before. */
class RetryClock extends MovedClock {
  retries = 0;
  #wake = (): void => {};

  override after(delayMs: number, callback: () => void): () => void {
    const cancel = super.after(delayMs, callback);
    if (delayMs === RETRY_MS) this.retries += 1;
    this.#wake();
    return cancel;
  }

  async failed(count: number): Promise<void> {
    while (this.retries < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A connection on a clock that is moved, and each change of it. */
class TestedConnection {
  readonly clock = new RetryClock();
  readonly states: RedisState[] = [];
  readonly connection: RedisConnection;
  #wake = (): void => {};

  constructor(port: number, more: Partial<RedisAddress> = {}) {
    const nobody = { username: undefined, password: undefined };
    this.connection = new RedisConnection({
      address: { host: '127.0.0.1', port, tls: false, database: 0, ...nobody, ...more },
      probe: { key: 'test:probe', channel: 'test:probe' },
      clock: this.clock,
      random: () => 0,
    });
    this.connection.listen((state) => {
      this.states.push(state);
      this.#wake();
    });
    this.connection.start();
    onTestFinished(() => this.connection.close());
  }

  /** The state after so many changes. */
  async change(count: number): Promise<RedisState | undefined> {
    while (this.states.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.states.at(-1);
  }

  /** When so many tries have failed, the next one begins. */
  async tryAgain(failed: number): Promise<void> {
    await this.clock.failed(failed);
    this.clock.advance(RETRY_MS);
  }
}

/** Something else on a port: it gets what a client sends, and answers as it is told. */
async function somethingElse(behaviour: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    behaviour(socket);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return listening(server);
}

test('one that refuses connections is away at once, and commands fail without waiting', async () => {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, 'close');
  const tested = new TestedConnection(port);
  expect(await tested.change(1)).toEqual({ up: false, reason: 'the connection failed (ECONNREFUSED)' });
  await tested.connection.settled;
  await expect(tested.connection.run('return 1', [], [])).rejects.toThrow('Redis is away');
});

test('one that takes connections and says nothing is away when its time is over', async () => {
  const connected = Promise.withResolvers<void>();
  const tested = new TestedConnection(await somethingElse(() => connected.resolve()));
  await connected.promise;
  expect(tested.connection.state).toEqual({ up: false, reason: 'it is being connected to' });
  tested.clock.advance(1500);
  expect(await tested.change(1)).toEqual({ up: false, reason: 'it does not answer in time' });
});

test('one that is too old repeats our password in its error, and we do not', async () => {
  const port = await somethingElse((socket) =>
    socket.on('data', (sent) => {
      for (const _ of sent.toString().matchAll(/\*\d+\r\n/g))
        socket.write(
          '-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `canary-user`, `canary-password`, \r\n',
        );
    }),
  );
  const tested = new TestedConnection(port, { username: 'canary-user', password: new Secret('canary-password') });
  expect(await tested.change(1)).toEqual({
    up: false,
    reason: 'it refuses our commands (ERR; it has to be Redis 6 or newer, or Valkey)',
  });
});

test.each([
  ['no RESP at all', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['half an answer', '$100\r\nabc'],
])('%s is nothing to fall over', async (_, bytes) => {
  const answered = Promise.withResolvers<void>();
  const port = await somethingElse((socket) => socket.once('data', () => socket.end(bytes, () => answered.resolve())));
  const tested = new TestedConnection(port);
  await answered.promise;
  tested.clock.advance(1500);
  expect(await tested.change(1)).toMatchObject({ up: false });
});

test('with rediss the certificate is verified', async () => {
  const server = createTlsServer(selfSigned(), (socket) => socket.on('error', () => {}));
  server.on('tlsClientError', () => {});
  const port = await listening(server);
  onTestFinished(() => {
    server.close();
  });
  const tested = new TestedConnection(port, { tls: true });
  expect(await tested.change(1)).toEqual({ up: false, reason: 'the connection failed (DEPTH_ZERO_SELF_SIGNED_CERT)' });
});

describeWithRedis('a connection to a Redis', () => {
  test('it is up, runs scripts, and hears of channels', async () => {
    const redis = await startRedis();
    const tested = new TestedConnection(redis.port);
    expect(await tested.change(1)).toEqual({ up: true });
    expect(await tested.connection.run('return {KEYS[1], ARGV[1]}', ['k'], ['v'])).toEqual(['k', 'v']);
  });

  test('user and password open it, and the rights that the README names are enough', async () => {
    const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
    const rights = /^A user of its own needs `([^`]*)`/m.exec(readme)?.[1]?.split(' ') ?? [];
    expect(rights.length).toBeGreaterThan(5);
    const redis = await startRedis(
      '--user',
      'canary',
      'on',
      '>canary-password',
      '~test:*',
      '&test:*',
      '-@all',
      ...rights,
    );
    const who = { username: 'canary', password: new Secret('canary-password'), database: 1 };
    const tested = new TestedConnection(redis.port, who);
    const unsubscribe = tested.connection.subscribe('test:news', () => {});
    expect(await tested.change(1)).toEqual({ up: true });
    tested.clock.advance(1000);
    unsubscribe();
    tested.connection.subscribe('test:news', () => {});
    for (const script of [TAKE, READ, REPLACE, EXTEND, RELEASE])
      await tested.connection.run(script, ['test:a', 'test:b', 'test:c'], ['a', 'b', '1000', 'a', 'test:news']);
    expect(tested.states).toHaveLength(1);
  });

  test.each([
    ['a wrong password', ['--requirepass', 'right'], { password: new Secret('canary') }, /WRONGPASS: user or password/],
    ['no password', ['--requirepass', 'right'], {}, /NOAUTH: the URL has no password/],
    [
      'too few rights',
      ['--user', 'default', 'on', 'nopass', '~other:*', '&*', '+@all'],
      {},
      /NOPERM: the user's rights/,
    ],
    ['a replica', ['--replicaof', '127.0.0.1', '1'], {}, /READONLY: it is a replica/],
    ['a full one', ['--maxmemory', '1'], {}, /OOM: it is full/],
  ])('L12 %s is told once, however often it is tried again', async (_, words, more, reason) => {
    const redis = await startRedis(...words);
    const tested = new TestedConnection(redis.port, more);
    expect(await tested.change(1)).toEqual({ up: false, reason: expect.stringMatching(reason) });
    for (let failed = 1; failed <= 3; failed += 1) await tested.tryAgain(failed);
    await tested.clock.failed(4);
    expect(tested.states).toHaveLength(1);
  });

  test('one that hangs is found out within a second and a half, without a command of ours', async () => {
    const redis = await startRedis();
    const tested = new TestedConnection(redis.port);
    await tested.change(1);
    redis.hang();
    tested.clock.advance(1000);
    await tested.clock.untilWaiting(1);
    tested.clock.advance(500);
    expect(await tested.change(2)).toEqual({ up: false, reason: 'it does not answer in time' });
    redis.goOn();
    tested.clock.advance(RETRY_MS);
    expect(await tested.change(3)).toEqual({ up: true });
  });

  test('L12 a command is not waited for longer than half a second', async () => {
    const redis = await startRedis();
    const tested = new TestedConnection(redis.port);
    await tested.change(1);
    redis.hang();
    const running = tested.connection.run('return 1', [], []);
    tested.clock.advance(500);
    await expect(running).rejects.toThrow();
    expect(tested.connection.state).toMatchObject({ up: false });
    redis.goOn();
  });

  test('L12 it comes back by itself, half a second after Redis did', async () => {
    const redis = await startRedis();
    const tested = new TestedConnection(redis.port);
    await tested.change(1);
    await redis.stop();
    await tested.change(2);
    for (let failed = 1; failed <= 3; failed += 1) await tested.tryAgain(failed);
    await tested.clock.failed(4);
    await redis.start();
    tested.clock.advance(RETRY_MS);
    expect(await tested.change(3)).toEqual({ up: true });
  });
});
