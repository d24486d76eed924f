import { connect, createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CLIENT_TOKEN } from '../support/canary.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, startProxy } from '../support/proxy.ts';
import { ask, raw } from '../support/raw-replies.ts';
import { listening } from '../support/server.ts';
import { setStage } from '../support/stage.ts';

function get(path: string, ...lines: string[]): string {
  return raw([`GET ${path} HTTP/1.1`, 'Host: localhost', ...lines]);
}

/** A proxy whose upstream is the proxy itself, by way of a port that is known before its own. */
async function loop(listen: object = {}) {
  const provider = await startIdentityProvider();
  const detour = createServer((socket) => {
    const onward = connect({ host: '127.0.0.1', port: proxy.port });
    for (const end of [socket, onward]) end.on('error', () => {});
    socket.pipe(onward).pipe(socket);
  });
  const upstream = `http://127.0.0.1:${await listening(detour)}/loop`;
  onTestFinished(() => {
    detour.close();
  });
  const proxy = await startProxy({
    listen,
    credentials: { main: credentialFor(provider) },
    routes: [{ prefix: '/loop', upstream, credential: 'main' }],
  });
  return { proxy, upstream };
}

describe('A13, F31 a request that comes back to the proxy is refused', () => {
  test('an upstream that is the proxy itself: 508, after one round', async () => {
    const { proxy } = await loop();
    const reply = await ask(proxy.port, get('/loop/x'));
    expect([reply.status, reply.code]).toEqual([508, 'loop_detected']);
    expect(proxy.requests.map(({ status }) => status)).toEqual([508, 508]);
  });

  test('also if the client names the field in Connection, or sends hops of other proxies', async () => {
    const { proxy } = await loop();
    for (const lines of [['Connection: bearerway-hop'], ['Bearerway-Hop: other-1', 'Bearerway-Hop: other-2, other-3']])
      expect((await ask(proxy.port, get('/loop/x', ...lines))).code).toBe('loop_detected');
    expect(proxy.requests).toHaveLength(4);
  });

  test('also in forward mode, and with a client token, which a request loses on its way', async () => {
    const { proxy, upstream } = await loop({ clientToken: CLIENT_TOKEN });
    const reply = await ask(
      proxy.port,
      raw([`GET ${upstream}/x HTTP/1.1`, 'Host: x', `Proxy-Authorization: Bearer ${CLIENT_TOKEN}`]),
    );
    expect(reply.code).toBe('loop_detected');
    expect(proxy.requests.map(({ status }) => status)).toEqual([508, 508]);
  });
});

test('two proxies one behind the other are no loop', async () => {
  const stage = await setStage();
  const outer = await startProxy({ routes: [{ prefix: '/outer', upstream: `${stage.proxy.url}/api` }] });
  const reply = await ask(outer.port, get('/outer/x', 'Authorization: Bearer theirs'));
  expect(reply.status).toBe(200);
  expect(stage.api.requests[0]?.headers.authorization).toBe(`Bearer ${stage.provider.issued[0]}`);
  expect(String(stage.api.requests[0]?.headers['bearerway-hop']).split(', ')).toHaveLength(2);
});

describe('X-Request-Id', () => {
  test('of the client is kept, and stands in the log and in errors', async () => {
    const stage = await setStage();
    await stage.passes(get('/api/x', 'X-Request-Id: abc-123', 'traceparent: 00-1-2-01'));
    const [seen] = stage.api.requests;
    expect([seen?.headers['x-request-id'], seen?.headers['traceparent']]).toEqual(['abc-123', '00-1-2-01']);
    const refused = await ask(stage.proxy.port, get('/nowhere', 'X-Request-Id: abc-124'));
    expect(refused.body).toContain('"requestId":"abc-124"');
    expect(stage.proxy.requests.map(({ requestId }) => requestId)).toEqual(['abc-123', 'abc-124']);
  });

  test.each([
    ['missing', []],
    ['two', ['X-Request-Id: a', 'X-Request-Id: b']],
    ['no id', ['X-Request-Id: two words']],
    ['too long', [`X-Request-Id: ${'x'.repeat(129)}`]],
    ['named in Connection', ['X-Request-Id: a', 'Connection: x-request-id']],
  ])('is made where it is %s: one, the same in the log', async (_, lines) => {
    const stage = await setStage();
    await stage.passes(get('/api/x', ...lines));
    const id = stage.api.requests[0]?.headers['x-request-id'];
    expect(id).toMatch(/^[\x21-\x7e]{1,128}$/);
    expect(stage.proxy.requests[0]?.['requestId']).toBe(id);
  });
});

test('X-Forwarded-* of the client pass, but on a route that has its own', async () => {
  const theirs = [
    'X-Forwarded-For: 9.9.9.9',
    'X-Forwarded-Host: theirs',
    'X_Forwarded_Proto: https',
    'Forwarded: for=x',
  ];
  const names = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x_forwarded_proto', 'forwarded'];
  const plain = await setStage();
  await plain.passes(get('/api/x', ...theirs));
  expect(names.map((name) => plain.api.requests[0]?.headers[name])).toEqual([
    '9.9.9.9',
    'theirs',
    undefined,
    'https',
    'for=x',
  ]);
  const own = await setStage({ route: { forwardedHeaders: true } });
  await own.passes(get('/api/x', ...theirs));
  expect(names.map((name) => own.api.requests[0]?.headers[name])).toEqual([
    '127.0.0.1',
    'localhost',
    'http',
    undefined,
    undefined,
  ]);
});
