import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import type { Answer, Handler, InboundBody } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { Listener } from '../../src/http1/server.ts';
import { upstream } from '../../src/proxy/upstream.ts';
import { connectRaw } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';
import { repliesIn } from '../support/raw-replies.ts';
import { askForTunnel, handshake, openTunnel, SWITCHING } from '../support/tunnel.ts';

const LARGE = 64 * 1024 * 1024;

/** Turns of the event loop, until it holds. */
async function turns(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((next) => setImmediate(next));
}

test.each(['client', 'API'])(
  'a tunnel the %s of which has ended its side: timeouts.idle, then both are ended',
  async (who) => {
    const clock = new MovedClock();
    const { proxy, client, end } = await openTunnel({ clock, route: { timeouts: { idle: '7s' } } });
    const [one, other] = who === 'client' ? [client, end] : [end, client];
    const told = once(other.socket, 'end');
    one.socket.end();
    await told;
    clock.advance(6900);
    await proxy.call('/nowhere');
    expect(proxy.requests).toHaveLength(1);
    clock.advance(300);
    await one.toEnd();
    expect((await proxy.served(2))[1]).toMatchObject({ status: 101, error: 'upstream_timeout' });
  },
);

test.each(['client', 'API'])(
  'a tunnel of which the %s takes nothing: timeouts.idle, then both are ended',
  async (who) => {
    const clock = new MovedClock();
    const { proxy, client, end } = await openTunnel({ clock, route: { timeouts: { idle: '7s' } } });
    const [idle, busy] = who === 'client' ? [client, end] : [end, client];
    idle.socket.pause();
    busy.socket.write(Buffer.alloc(LARGE));
    let left = -1;
    let quiet = 0;
    await turns(() => {
      const now = busy.socket.bytesWritten - busy.socket.writableLength;
      quiet = now === left ? quiet + 1 : 0;
      left = now;
      return left > 0 && quiet > 200;
    });
    clock.advance(7200);
    await busy.toEnd();
    expect((await proxy.served(1))[0]).toMatchObject({ status: 101, error: 'upstream_timeout' });
  },
);

test('a handshake that is not answered: timeouts.headers, then 504', async () => {
  const clock = new MovedClock();
  const { client, end } = await askForTunnel({ clock, route: { timeouts: { headers: '5s' } } });
  clock.advance(5200);
  const [reply] = repliesIn(await client.until((text) => repliesIn(text).length === 1));
  expect(reply).toMatchObject({ status: 504, code: 'upstream_timeout' });
  await end.toEnd();
});

test('a tunnel that is over, and whose last bytes the client does not take: 60 s, then a reset', async () => {
  const clock = new MovedClock();
  const over = Promise.withResolvers<void>();
  const handler: Handler = {
    serve({ upgrade }, answer) {
      const flow = { resume: () => {}, cancel: () => {} };
      answer.head({ status: 101, reason: '', fields: Fields.none, protocol: 'x' }, flow);
      answer.data(Buffer.alloc(LARGE));
      upgrade?.bytes.read({
        data: () => {},
        end() {
          answer.end(Fields.none);
          over.resolve();
        },
        fail: () => {},
      });
    },
    refuse: () => {},
  };
  const limits = { headerSize: 16_384, headerCount: 100, targetSize: 8192, headersTimeout: 30_000 };
  const listener = new Listener(handler, { at: { host: '127.0.0.1', port: 0 }, limits, clock });
  const port = (await listener.listen()) ?? 0;
  onTestFinished(() => listener.cut());
  const client = await connectRaw(port);
  client.socket.pause();
  client.socket.end(handshake());
  // The 101 was there before its FIN.
  await over.promise;
  const stopped = listener.stop();
  let ended = false;
  void stopped.then(() => {
    ended = true;
  });
  clock.advance(59_900);
  await new Promise((next) => setImmediate(next));
  expect(ended).toBe(false);
  clock.advance(300);
  await stopped;
  const failed = once(client.socket, 'error');
  client.socket.resume();
  expect(await failed).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
});

test('a tunnel that is over, and whose last bytes the API does not take: 60 s, then the end', async () => {
  const clock = new MovedClock();
  const api = await startRawApi(async (connection) => {
    await connection.until(hasHead);
    connection.socket.pause();
    connection.socket.end(SWITCHING);
  });
  const options = { timeouts: { connect: 5000, headers: 5000, idle: 5000 }, connections: 1, tls: { insecure: false } };
  const { send, close } = upstream({ origin: api.url, ...options }, clock);
  onTestFinished(() => close());
  const over = Promise.withResolvers<void>();
  const bytes: InboundBody = {
    length: undefined,
    read(sink) {
      sink.data(Buffer.alloc(LARGE));
      sink.end(Fields.none);
    },
    pause: () => {},
    resume: () => {},
  };
  const answer: Answer = {
    interim: () => {},
    head: () => {},
    data: () => true,
    end: () => over.resolve(),
    fail: () => expect.unreachable('it was over'),
  };
  const request = { method: 'GET', target: '/x', fields: Fields.none, body: undefined };
  send({ ...request, upgrade: { protocols: ['x'], bytes } }, answer, new AbortController().signal);
  await over.promise;
  const { socket } = await api.connection();
  const closed = once(socket, 'close').catch(() => {});
  clock.advance(60_200);
  socket.resume();
  await closed;
  expect(socket.bytesRead).toBeLessThan(LARGE);
});

test('a request that waits for a connection while a tunnel ends: timeouts.connect all the same', async () => {
  const clock = new MovedClock();
  const route = { connections: 1, timeouts: { connect: '3s' } };
  const { proxy, api, client, end } = await openTunnel({ clock, route });
  const first = proxy.call('/api/1').catch(() => {});
  await (await api.connection(2)).until(hasHead);
  const waits = clock.timerSet();
  const second = proxy.call('/api/2');
  await waits;
  clock.advance(2000);
  client.socket.end();
  end.socket.end();
  await proxy.served(1);
  await Promise.all([client.toEnd(), end.toEnd()]);
  clock.advance(1000);
  expect((await second).json()).toMatchObject({ status: 503, code: 'overloaded' });
  (await api.connection(2)).socket.destroy();
  await first;
});
