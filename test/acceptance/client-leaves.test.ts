/** A client that leaves, in phases beside those of aborts.test.ts: what is under way for it stops, and the others hear of it. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startApi, whenWhole } from '../support/api.ts';
import { selfSigned } from '../support/certificate.ts';
import { connectRaw, RawConnection } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, type Proxy as RunningProxy, startProxy } from '../support/proxy.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';

const GET = 'GET /api/leaves HTTP/1.1\r\nHost: localhost\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

const leavings: Readonly<Record<string, (socket: Socket) => void>> = {
  closes: (socket) => socket.destroy(),
  resets: (socket) => socket.resetAndDestroy(),
  'half-closes': (socket) => socket.end(),
};

interface Scene {
  readonly proxy: RunningProxy;
  /** Resolves when everything that was under way for the client has stopped. */
  readonly stopped: () => Promise<unknown>;
}

/** Brings a client to a phase. */
type Phase = (enter: (proxy: RunningProxy) => Promise<RawConnection>) => Promise<Scene>;

const phases: Readonly<Record<string, Phase>> = {
  async 'in the middle of a body that is waited for'(enter) {
    const provider = await startIdentityProvider();
    const api = await startApi(provider);
    const proxy = await startProxy(oneRoute(api, provider));
    (await enter(proxy)).send(`POST ${GET.slice(4, -2)}Content-Length: 10\r\n\r\n12345`);
    return { proxy, stopped: async () => expect(api.requests).toEqual([]) };
  },
  async 'while a connection to the API is made'(enter) {
    // It takes connections and says nothing of TLS.
    const api = await startRawApi();
    const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url.replace('http', 'https') }] });
    (await enter(proxy)).send(GET);
    const connection = await api.connection();
    return { proxy, stopped: () => connection.toEnd() };
  },
  async 'while all connections to the API are busy'(enter) {
    const api = await startRawApi();
    const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url, connections: 1 }] });
    const busy = proxy.call('/api/busy');
    const connection = await api.connection();
    await connection.until(hasHead);
    (await enter(proxy)).send(GET);
    const stopped = async () => {
      const next = proxy.call('/api/next');
      connection.send(OK);
      expect((await busy).status).toBe(200);
      expect(await connection.until((text) => text.includes('GET /next '))).not.toContain('/leaves');
      connection.send(OK);
      expect((await next).status).toBe(200);
    };
    return { proxy, stopped };
  },
  async 'while its second try is waited for'(enter) {
    const provider = await startIdentityProvider();
    const api = await startApi();
    const proxy = await startProxy(oneRoute(api, provider));
    api.rejectOnce();
    const [arrived, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    api.behaveOnce(
      whenWhole((_, response) => {
        response.on('close', closed.resolve);
        arrived.resolve();
      }),
    );
    (await enter(proxy)).send(GET);
    await arrived.promise;
    return { proxy, stopped: () => closed.promise };
  },
  async 'in the middle of an answer that it does not read'(enter) {
    const api = await startApi();
    const stuck = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    api.behaveOnce((_, response) => {
      response.on('close', closed.resolve);
      const write = (): void => {
        while (response.write(Buffer.alloc(65_536)));
        stuck.resolve();
      };
      response.on('drain', write);
      write();
    });
    const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
    const client = await enter(proxy);
    client.socket.pause();
    client.send(GET);
    await stuck.promise;
    return { proxy, stopped: () => closed.promise };
  },
};

describe.each(Object.entries(phases))('%s', (_phase, bring) => {
  test.each(Object.entries(leavings))('a client that %s', async (_leaving, leave) => {
    let client: RawConnection | undefined;
    const { proxy, stopped } = await bring(async ({ port }) => {
      client = await connectRaw(port);
      return client;
    });
    if (client !== undefined) leave(client.socket);
    await expectLeft(proxy);
    await stopped();
  });
});

/** The first request that is over is the one whose client left. */
async function expectLeft(proxy: RunningProxy): Promise<void> {
  const [record] = await proxy.served(1);
  expect(record).toMatchObject({ error: 'client_left' });
}

const { cert, key } = selfSigned();

describe.each(['closes', 'resets', 'half-closes'])('behind TLS a client that %s', (leaving) => {
  test.each([
    ['while it waits', ''],
    ['in the middle of its answer', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun'],
  ])('%s: the API is told', async (_when, bytes) => {
    const api = await startRawApi();
    const proxy = await startProxy({
      listen: { tls: { cert, key } },
      routes: [{ prefix: '/api', upstream: api.url }],
    });
    const tcp = connect({ host: '127.0.0.1', port: proxy.port });
    const client = connectTls({ socket: tcp, ca: cert, host: '127.0.0.1' }).on('error', () => {});
    onTestFinished(() => void client.destroy());
    const received = new RawConnection(client);
    client.write(GET);
    const connection = await api.connection();
    await connection.until(hasHead);
    connection.send(bytes);
    if (bytes !== '') await received.until((text) => text.endsWith('begun'));
    // A half-close of TLS is its close_notify; what closes or resets says nothing first.
    leavings[leaving]?.(leaving === 'half-closes' ? client : tcp);
    await connection.toEnd();
    await expectLeft(proxy);
  });
});

test.each(Object.entries(leavings))(
  'a client that %s while the API takes nothing of its body: the API gets what came of it, and never all',
  async (_leaving, leave) => {
    const LENGTH = 64 * 1024 * 1024;
    const api = await startRawApi(({ socket }) => void socket.pause());
    const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
    const client = await connectRaw(proxy.port);
    client.send(`PUT /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${LENGTH}\r\n\r\n`);
    const stuck = Promise.withResolvers<void>();
    const write = (): void => {
      while (client.socket.write(Buffer.alloc(65_536, 'x')));
      stuck.resolve();
    };
    write();
    await stuck.promise;
    const connection = await api.connection();
    leave(client.socket);
    connection.socket.resume();
    expect((await connection.toEnd()).length).toBeLessThan(LENGTH);
    await expectLeft(proxy);
  },
);
