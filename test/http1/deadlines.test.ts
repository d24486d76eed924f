/**
 * Every state that waits, what it waits for, and what becomes of it. A state without a row here, or
 * in deadlines-of-tunnels.test.ts or deadlines-of-egress.test.ts, has no owner.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Answer, Handler } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { limitsMs } from '../../src/http1/deadlines.ts';
import { Listener } from '../../src/http1/server.ts';
import { upstream } from '../../src/proxy/upstream.ts';
import { selfSigned } from '../support/certificate.ts';
import { connectRaw } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { type Proxy as RunningProxy, startProxy } from '../support/proxy.ts';
import { answering, hasHead, type RawApi, startRawApi } from '../support/raw-api.ts';
import { repliesIn } from '../support/raw-replies.ts';
import { openTunnel } from '../support/tunnel.ts';

const GET = 'GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n';
const LARGE = 64 * 1024 * 1024;

interface Scene {
  readonly clock: MovedClock;
  readonly api: RawApi;
  readonly proxy: RunningProxy;
}

async function scene(behaviour?: Parameters<typeof startRawApi>[0], route: object = {}): Promise<Scene> {
  const clock = new MovedClock();
  const api = await startRawApi(behaviour);
  const proxy = await startProxy(
    { limits: { headersTimeout: '30s' }, routes: [{ prefix: '/api', upstream: api.url, ...route }] },
    { clock },
  );
  return { clock, api, proxy };
}

const nothing = { resume: () => {}, cancel: () => {} };

const limits = { headerSize: 16_384, headerCount: 100, targetSize: 8192, headersTimeout: 30_000 };

/** A listener whose requests, and what is none, are answered so. */
async function listen(clock: MovedClock, answer: (answer: Answer) => void) {
  const handler: Handler = {
    serve: (_inbound, to) => answer(to),
    refuse: (_failure, _asked, to) => answer(to),
  };
  const listener = new Listener(handler, { at: { host: '127.0.0.1', port: 0 }, limits, clock });
  const port = await listener.listen();
  onTestFinished(() => listener.cut());
  return { listener, port: port ?? 0 };
}

/** Turns of the event loop, until it holds. */
async function turns(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((next) => setImmediate(next));
}

describe('a client', () => {
  test('that connects and says nothing: limits.headersTimeout, then the end', async () => {
    const { clock, proxy } = await scene();
    const client = await connectRaw(proxy.port);
    await proxy.call('/nowhere');
    clock.advance(29_900);
    expect(client.socket.readableEnded).toBe(false);
    clock.advance(200);
    expect(await client.toEnd()).toBe('');
  });

  test('that says nothing of TLS: 10 s, which node:tls keeps on a clock of its own, then the end', async () => {
    const tls = { ...selfSigned(), handshakeTimeout: 20 };
    const failed = Promise.withResolvers<Error>();
    const refuse = () => expect.unreachable('no request came');
    const listener = new Listener(
      { serve: refuse, refuse },
      { at: { host: '127.0.0.1', port: 0 }, tls, limits, clock: new MovedClock(), handshakeFailed: failed.resolve },
    );
    const client = await connectRaw((await listener.listen()) ?? 0);
    expect(await client.toEnd()).toBe('');
    expect(await failed.promise).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' });
    await listener.stop();
    expect(limitsMs.handshake).toBe(10_000);
  });

  test('C03 that sends its head byte by byte: limits.headersTimeout from the first one on, then 408', async () => {
    const { clock, proxy } = await scene();
    const client = await connectRaw(proxy.port);
    for (const byte of 'GET /api/') {
      client.send(byte);
      await proxy.call('/nowhere');
      clock.advance(3000);
    }
    expect(client.socket.readableEnded).toBe(false);
    clock.advance(3200);
    const [reply] = repliesIn(await client.until((text) => repliesIn(text).length === 1));
    expect(reply).toMatchObject({ status: 408, code: 'request_timeout' });
    const [line] = proxy.requests.filter(({ status }) => status === 408);
    expect(line, 'it has been waited for').toMatchObject({ durationMs: 30_000 });
  });

  test('without another request: 75 s, then the end', async () => {
    const { clock, proxy } = await scene();
    const client = await connectRaw(proxy.port);
    client.send('GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await client.until((text) => text.includes('no_route'));
    await proxy.served(1);
    clock.advance(74_900);
    expect(client.socket.readableEnded).toBe(false);
    clock.advance(200);
    await client.toEnd();
  });

  test('C04 that falls silent in the middle of a body: timeouts.idle, then 408', async () => {
    const { clock, api, proxy } = await scene(undefined, { timeouts: { idle: '7s' } });
    const client = await connectRaw(proxy.port);
    client.send('PUT /api/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    await (await api.connection()).until((text) => text.includes('abc'));
    clock.advance(7200);
    const [reply] = repliesIn(await client.until((text) => repliesIn(text).length === 1));
    expect(reply).toMatchObject({ status: 408, code: 'request_timeout' });
    await (await api.connection()).toEnd();
  });

  test('C04 that does not read its answer: timeouts.idle, then the end, and the API is left', async () => {
    const { clock, api, proxy } = await scene(
      async (connection) => {
        await connection.until(hasHead);
        connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n`);
        connection.socket.write(Buffer.alloc(LARGE));
      },
      { timeouts: { idle: '7s' } },
    );
    const client = await connectRaw(proxy.port);
    client.socket.pause();
    client.send(GET);
    const { socket } = await api.connection();
    let left = -1;
    // Until the API gets no more of it rid: everything between is full.
    await turns(() => {
      const before = left;
      left = socket.bytesWritten - socket.writableLength;
      return left > 0 && left === before && proxy.app !== undefined && clock.waiting > 1;
    });
    clock.advance(7200);
    await (await api.connection()).toEnd();
    expect((await proxy.served(1))[0]).toMatchObject({ error: expect.stringMatching(/_timeout$/) });
  });

  test('that does not take the end of an answer that is over: 60 s, then the end', async () => {
    const clock = new MovedClock();
    const over = Promise.withResolvers<void>();
    const { listener, port } = await listen(clock, (answer) => {
      answer.head({ status: 200, reason: 'OK', fields: new Fields(['Content-Length', String(LARGE)]) }, nothing);
      answer.data(Buffer.alloc(LARGE));
      answer.end(Fields.none);
      over.resolve();
    });
    const client = await connectRaw(port);
    client.socket.pause();
    client.send(GET);
    await over.promise;
    clock.advance(59_900);
    client.socket.resume();
    await client.until((text) => text.length > 1_000_000);
    client.socket.pause();
    const stopped = listener.stop();
    clock.advance(300);
    await stopped;
  });

  test('that sends on behind a refusal: 2 s, then the end', async () => {
    const clock = new MovedClock();
    const { listener, port } = await listen(clock, (answer) => {
      answer.head({ status: 400, reason: 'Bad Request', fields: new Fields(['Content-Length', '0']) }, nothing);
      answer.end(Fields.none);
    });
    const client = await connectRaw(port);
    client.send('NO\r\n\r\n');
    await client.toEnd();
    client.send('and more');
    let ended = false;
    const stopped = listener.stop().then(() => {
      ended = true;
    });
    clock.advance(1900);
    for (let i = 0; i < 20; i += 1) await new Promise((next) => setImmediate(next));
    expect(ended).toBe(false);
    clock.advance(300);
    await stopped;
  });

  test('without a request while we drain: 1 s, then the end', async () => {
    const { clock, proxy } = await scene();
    const client = await connectRaw(proxy.port);
    await proxy.call('/nowhere');
    const stopped = proxy.stop();
    clock.advance(1000);
    await client.toEnd();
    await stopped;
  });
});

describe('an API', () => {
  test('that nobody reaches: timeouts.connect, then 504', async () => {
    const clock = new MovedClock();
    // TEST-NET-1 (RFC 5737) answers nobody; where there is no way to it, that is said at once.
    const proxy = await startProxy(
      { routes: [{ prefix: '/api', upstream: 'http://192.0.2.1', plaintext: true, timeouts: { connect: '3s' } }] },
      { clock },
    );
    const reply = proxy.call('/api/x');
    await proxy.call('/nowhere');
    await turns(() => clock.waiting > 1 || proxy.requests.length > 1);
    clock.advance(3200);
    expect((await reply).json()['code']).toMatch(/^upstream_(timeout|unreachable)$/);
  });

  test('that takes the connection and says nothing of TLS: timeouts.connect, then 504', async () => {
    const clock = new MovedClock();
    const api = await startRawApi();
    const upstream = api.url.replace('http:', 'https:');
    const proxy = await startProxy({ routes: [{ prefix: '/api', upstream, timeouts: { connect: '3s' } }] }, { clock });
    const reply = proxy.call('/api/x');
    await (await api.connection()).until((text) => text.length > 0);
    clock.advance(3200);
    expect((await reply).json()).toMatchObject({ status: 504, code: 'upstream_timeout' });
    await (await api.connection()).toEnd();
  });

  test('all of whose connections are busy: timeouts.connect, then 503', async () => {
    const { clock, api, proxy } = await scene(undefined, { connections: 1, timeouts: { connect: '3s' } });
    const first = proxy.call('/api/1').catch(() => {});
    await (await api.connection()).until(hasHead);
    const waits = clock.timerSet();
    const second = proxy.call('/api/2');
    await waits;
    clock.advance(3000);
    expect((await second).json()).toMatchObject({ status: 503, code: 'overloaded' });
    (await api.connection()).socket.destroy();
    await first;
  });

  test('that does not take the request: timeouts.idle, then 504', async () => {
    const { clock, api, proxy } = await scene((connection) => void connection.socket.pause(), {
      timeouts: { idle: '7s' },
    });
    const client = await connectRaw(proxy.port);
    client.send(`PUT /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${LARGE}\r\n\r\n`);
    client.socket.write(Buffer.alloc(LARGE));
    await api.connection();
    let left = -1;
    await turns(() => {
      const before = left;
      left = client.socket.bytesWritten - client.socket.writableLength;
      return left > 0 && left === before;
    });
    // What is between is full; whoever is last to notice notices in the next round.
    for (let i = 0; i < 50; i += 1) await new Promise((next) => setImmediate(next));
    clock.advance(7200);
    const [reply] = repliesIn(await client.until((text) => repliesIn(text).length === 1));
    expect(reply?.code).toMatch(/^upstream_timeout$|^request_timeout$/);
  });

  test('that does not answer: timeouts.headers from the last byte of the request on, then 504', async () => {
    const { clock, api, proxy } = await scene(undefined, { timeouts: { headers: '5s' } });
    const reply = proxy.call('/api/x');
    await (await api.connection()).until(hasHead);
    clock.advance(5200);
    expect((await reply).json()).toMatchObject({ status: 504, code: 'upstream_timeout' });
    await (await api.connection()).toEnd();
  });

  test('U03 that sends the head of its answer byte by byte: timeouts.headers in all', async () => {
    const { clock, api, proxy } = await scene(undefined, { timeouts: { headers: '5s' } });
    const reply = proxy.call('/api/x');
    const connection = await api.connection();
    await connection.until(hasHead);
    for (const byte of 'HTTP/') {
      connection.send(byte);
      await proxy.call('/nowhere');
      clock.advance(1050);
    }
    expect((await reply).json()).toMatchObject({ status: 504, code: 'upstream_timeout' });
  });

  test('that falls silent in the middle of its answer: timeouts.idle, then the client is cut', async () => {
    const { clock, proxy } = await scene(answering('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun'), {
      timeouts: { idle: '7s' },
    });
    const client = await connectRaw(proxy.port);
    client.send(GET);
    await client.until((text) => text.endsWith('begun'));
    clock.advance(7200);
    await client.toEnd();
    expect((await proxy.served(1))[0]).toMatchObject({ error: 'upstream_timeout' });
  });

  test.each([
    ['without a word: 4 s', '', 4000],
    ['with a word: a second less than it says', 'Keep-Alive: timeout=9\r\n', 8000],
    ['with a large word: 60 s of life', 'Keep-Alive: timeout=900\r\n', 60_000],
  ])('whose connection is free %s, then it is closed', async (_name, field, ms) => {
    const { clock, api, proxy } = await scene(answering(`HTTP/1.1 200 OK\r\n${field}Content-Length: 2\r\n\r\nok`));
    await proxy.call('/api/x');
    const connection = await api.connection();
    clock.advance(ms - 100);
    await proxy.call('/nowhere');
    expect(connection.socket.readableEnded).toBe(false);
    clock.advance(300);
    await connection.toEnd();
  });

  test('the rest of whose answer nobody wants: 1 s, then its connection is closed', async () => {
    const clock = new MovedClock();
    const api = await startRawApi(answering('HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\n\r\nbegun'));
    const options = {
      timeouts: { connect: 5000, headers: 5000, idle: 5000 },
      connections: 1,
      tls: { insecure: false },
    };
    const { send, close } = upstream({ origin: api.url, ...options }, clock);
    onTestFinished(() => close());
    const cancelled = Promise.withResolvers<void>();
    const answer: Answer = {
      interim: () => {},
      head(_head, flow) {
        flow.cancel();
        cancelled.resolve();
      },
      data: () => expect.unreachable('nothing more is told'),
      end: () => expect.unreachable('nothing more is told'),
      fail: () => expect.unreachable('nothing more is told'),
    };
    send({ method: 'GET', target: '/x', fields: Fields.none, body: undefined }, answer, new AbortController().signal);
    await cancelled.promise;
    clock.advance(900);
    const connection = await api.connection();
    expect(connection.socket.readableEnded).toBe(false);
    clock.advance(300);
    await connection.toEnd();
  });
});

describe('a tunnel', () => {
  test('in which no byte goes either way: timeouts.idle, then both sides are reset', async () => {
    const clock = new MovedClock();
    const { proxy, client, end } = await openTunnel({ clock, route: { timeouts: { idle: '7s' } } });
    for (const from of [client, end, client, end]) {
      clock.advance(6900);
      const before = [client.received.length, end.received.length];
      from.send('.');
      await turns(() => client.received.length + end.received.length > (before[0] ?? 0) + (before[1] ?? 0));
    }
    clock.advance(6800);
    expect([client.socket.destroyed, end.socket.destroyed]).toEqual([false, false]);
    const resets = [client, end].map(({ socket }) => new Promise((resolve) => socket.once('error', resolve)));
    clock.advance(300);
    await Promise.all(resets);
    expect((await proxy.served(1))[0]).toMatchObject({ status: 101, error: 'upstream_timeout' });
  });
});
