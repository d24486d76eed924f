/** The rows of the table in deadlines.test.ts that an egress proxy on the way adds. */
import { expect, test } from 'vitest';
import { selfSigned } from '../support/certificate.ts';
import { MovedClock } from '../support/clock.ts';
import { startEgressProxy } from '../support/egress-proxy.ts';
import { API_NAME, namedIdentity, startNamedApi } from '../support/named-api.ts';
import { type Proxy as RunningProxy, startProxy } from '../support/proxy.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';

interface Scene {
  readonly clock: MovedClock;
  readonly proxy: RunningProxy;
}

async function scene(egressUrl: string, scheme = 'https'): Promise<Scene> {
  const clock = new MovedClock();
  const proxy = await startProxy(
    {
      egress: { proxy: egressUrl, ca: [namedIdentity.cert] },
      routes: [
        {
          ...{ prefix: '/api', upstream: `${scheme}://${API_NAME}`, plaintext: scheme === 'http' },
          timeouts: { connect: '3s', headers: '5s' },
        },
      ],
    },
    { clock },
  );
  return { clock, proxy };
}

const noTunnel = { status: 504, code: 'upstream_timeout', detail: 'the egress proxy gave no connection in time' };

test('an egress proxy that does not answer a CONNECT: timeouts.connect, then 504, and it is left', async () => {
  const egress = await startRawApi();
  const { clock, proxy } = await scene(egress.url);
  const reply = proxy.call('/api/x');
  await (await egress.connection()).until(hasHead);
  clock.advance(3200);
  expect((await reply).json()).toMatchObject(noTunnel);
  await (await egress.connection()).toEnd();
});

test('one that answers it byte by byte: timeouts.connect in all', async () => {
  const egress = await startRawApi();
  const { clock, proxy } = await scene(egress.url);
  const reply = proxy.call('/api/x');
  const connection = await egress.connection();
  await connection.until(hasHead);
  for (const byte of 'HTTP') {
    connection.send(byte);
    await proxy.call('/nowhere');
    clock.advance(800);
  }
  expect((await reply).json()).toMatchObject(noTunnel);
});

test('one behind https:// that says nothing of TLS: timeouts.connect, then 504', async () => {
  const egress = await startRawApi();
  const { clock, proxy } = await scene(egress.url.replace('http:', 'https:'));
  const reply = proxy.call('/api/x');
  await (await egress.connection()).until((text) => text.length > 0);
  clock.advance(3200);
  expect((await reply).json()).toMatchObject(noTunnel);
  await (await egress.connection()).toEnd();
});

test.each([
  ['http://', undefined],
  ['https://', selfSigned()],
])('an API in the tunnel of an %s proxy that says nothing of TLS: timeouts.connect, then 504', async (_, identity) => {
  const api = await startRawApi();
  const egress = await startEgressProxy(identity);
  egress.knows(`${API_NAME}:443`, api.url);
  const clock = new MovedClock();
  const proxy = await startProxy(
    {
      egress: { proxy: egress.url, ca: identity === undefined ? [] : [identity.cert] },
      routes: [{ prefix: '/api', upstream: `https://${API_NAME}`, timeouts: { connect: '3s' } }],
    },
    { clock },
  );
  const reply = proxy.call('/api/x');
  await (await api.connection()).until((text) => text.length > 0);
  clock.advance(3200);
  expect((await reply).json()).toMatchObject({ code: 'upstream_timeout', detail: 'no connection came about in time' });
  await (await api.connection()).toEnd();
});

test('an API in the tunnel that does not answer: timeouts.headers, then 504', async () => {
  const api = await startNamedApi(namedIdentity);
  const asked = Promise.withResolvers<void>();
  api.answer = () => asked.resolve();
  const egress = await startEgressProxy();
  egress.knows(`${API_NAME}:443`, api.url);
  const { clock, proxy } = await scene(egress.url);
  const reply = proxy.call('/api/x');
  await asked.promise;
  clock.advance(5200);
  expect((await reply).json()).toMatchObject({
    code: 'upstream_timeout',
    detail: 'its answer did not begin in time (timeouts.headers)',
  });
});

test('an egress proxy that does not answer what it is to pass on: timeouts.headers, then 504', async () => {
  const egress = await startRawApi();
  const { clock, proxy } = await scene(egress.url, 'http');
  const reply = proxy.call('/api/x');
  await (await egress.connection()).until(hasHead);
  clock.advance(5200);
  expect((await reply).json()).toMatchObject({
    code: 'upstream_timeout',
    detail: 'its answer did not begin in time (timeouts.headers) (by way of the egress proxy)',
  });
});

test('a connection through it without a request: 4 s, then it is closed', async () => {
  const api = await startNamedApi(namedIdentity);
  const egress = await startEgressProxy();
  egress.knows(`${API_NAME}:443`, api.url);
  const { clock, proxy } = await scene(egress.url);
  expect((await proxy.call('/api/x')).status).toBe(200);
  const [connection] = api.connections;
  const ended = new Promise((resolve) => connection?.on('close', resolve));
  clock.advance(3500);
  await proxy.call('/nowhere');
  expect(connection?.destroyed).toBe(false);
  clock.advance(700);
  await ended;
});
