import { describe, expect, test } from 'vitest';
import { connectRaw } from '../../support/client.ts';
import { MovedClock } from '../../support/clock.ts';
import { startIdentityProvider } from '../../support/identity-provider.ts';
import { oneRoute, startProxy } from '../../support/proxy.ts';
import { hasHead, startRawApi } from '../../support/raw-api.ts';
import { ask, raw, repliesIn } from '../../support/raw-replies.ts';
import { startRecorder } from '../../support/recorder.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n';
const GET = raw(['GET /api/x HTTP/1.1', 'Host: localhost']);

describe('U09 an answer that nobody asked for is nobody’s', () => {
  const smuggled = 'HTTP/1.1 200 OK\r\nX-Smuggled: 1\r\nContent-Length: 2\r\n\r\nno';
  test.each([
    ['an answer', smuggled],
    ['half of one', smuggled.slice(0, 30)],
    ['an interim answer', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['a byte', '\n'],
  ])('%s on a connection that is free: it is closed, and the next request has its own', async (_name, bytes) => {
    const api = await startRawApi(async (connection) => {
      await connection.until(hasHead);
      connection.send(`${OK}ok`);
    });
    // No time passes: it is not for having been free for too long that the connection ends.
    const clock = new MovedClock();
    const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] }, { clock });
    const client = await connectRaw(proxy.port);
    client.send(GET);
    await client.until((text) => text.endsWith('ok'));
    const first = await api.connection();
    first.send(bytes);
    await first.toEnd();
    client.send(GET);
    const received = await client.until((text) => repliesIn(text).length === 2);
    expect(repliesIn(received).map(({ body }) => body)).toEqual(['ok', 'ok']);
    expect(received).not.toContain('Smuggled');
    expect(api.connections).toHaveLength(2);
  });
});

describe('U22 an API closes a connection just as a request goes out on it', () => {
  const ways = ['end', 'resetAndDestroy'] as const;
  const safe = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'].map((method) => [method, 200] as const);
  const once = ['POST', 'PATCH', 'PURGE'].map((method) => [method, 502] as const);

  test.each([...safe, ...once].flatMap(([method, status]) => ways.map((way) => [method, way, status] as const)))(
    '%s, by %s: %i',
    async (method, way, status) => {
      const api = await startRawApi(async (connection) => {
        await connection.until(hasHead);
        connection.send(`${OK}ok`);
        if (api.connections.length > 1) return;
        await connection.until((text) => text.split('\r\n\r\n').length > 2);
        connection.socket[way]();
      });
      const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
      expect((await proxy.call('/api/1')).status).toBe(200);
      expect((await proxy.call('/api/2', { method })).status).toBe(status);
      expect(api.connections).toHaveLength(status === 200 ? 2 : 1);
    },
  );
});

test('R16 a refusal that names other places: the second try goes where the first one went', async () => {
  const provider = await startIdentityProvider();
  const elsewhere = await startRecorder();
  const place = `${elsewhere.url}/x`;
  const api = await startRawApi(async (connection) => {
    await connection.until(hasHead);
    const lines = [
      ...['HTTP/1.1 401 Unauthorized', `Location: ${place}`, `Content-Location: ${place}`, `Refresh: 0; url=${place}`],
      ...[
        `Alt-Svc: h1="${new URL(place).host}"`,
        `WWW-Authenticate: Bearer realm="${place}", authorization_uri="${place}"`,
      ],
      ...['Content-Length: 0'],
    ];
    connection.send(raw(lines));
    await connection.until((text) => text.split('\r\n\r\n').length > 2);
    connection.send(`${OK}ok`);
  });
  const proxy = await startProxy(oneRoute(api, provider));
  const reply = await ask(proxy.port, GET);
  expect([reply.status, reply.body, reply.get('bearerway-retry')]).toEqual([200, 'ok', 'done']);
  expect(provider.issued).toHaveLength(2);
  expect(api.connections).toHaveLength(1);
  expect(elsewhere.recordings).toEqual([]);
});
