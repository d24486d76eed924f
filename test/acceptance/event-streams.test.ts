/** Answers that take their time: server-sent events, and long polls. */
import { spawn, spawnSync } from 'node:child_process';
import type { ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { startApi } from '../support/api.ts';
import { connectRaw } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';
import { hasHead } from '../support/raw-api.ts';

const SECOND = 1000;
const GET = 'GET /api/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n';

/** A stream of events that the API writes when it is told. */
async function scene({ clock = systemClock, route = {} }: { clock?: Clock; route?: object } = {}) {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const stream = Promise.withResolvers<ServerResponse>();
  const opens = (): void =>
    api.behaveOnce((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' }).flushHeaders();
      stream.resolve(response);
    });
  const proxy = await startProxy(oneRoute(api, provider, { ...route }), { clock });
  await provider.requested(1);
  return { provider, api, proxy, opens, stream: stream.promise };
}

test('the first event arrives before a second one is written, and so does each one after it', async () => {
  const { proxy, opens, stream } = await scene();
  opens();
  const client = await connectRaw(proxy.port);
  client.send(GET);
  const api = await stream;
  for (const event of ['data: one\n\n', ': a comment\n\n', 'id: 2\ndata: two\ndata: lines\n\n']) {
    api.write(event);
    await client.until((text) => text.includes(event));
  }
});

test('events that are written at once arrive at once, in order and whole', async () => {
  const { proxy, opens, stream } = await scene();
  opens();
  const reader = (await fetch(`${proxy.url}/api/events`)).body?.getReader();
  const events = Array.from({ length: 1000 }, (_, i) => `id: ${i}\ndata: event ${i}\n\n`);
  (await stream).write(`${events[0]}${events[1]}`);
  let received = Buffer.from((await reader?.read())?.value ?? []).toString();
  expect(received).toBe(`${events[0]}${events[1]}`);
  for (const event of events.slice(2)) (await stream).write(event);
  (await stream).end();
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read())
    received += Buffer.from(read.value).toString();
  expect(received).toBe(events.join(''));
});

test('a stream lives through any silence shorter than timeouts.idle, and no longer', async () => {
  const clock = new MovedClock();
  const { proxy, opens, stream } = await scene({ clock, route: { timeouts: { idle: '90s' } } });
  opens();
  const client = await connectRaw(proxy.port);
  client.send(GET);
  const api = await stream;
  for (const event of ['data: 1\n\n', ': still here\n\n', 'data: 2\n\n']) {
    api.write(event);
    await client.until((text) => text.includes(event));
    clock.advance(89 * SECOND);
  }
  api.write('data: last\n\n');
  await client.until((text) => text.includes('data: last'));
  clock.advance(91 * SECOND);
  expect(await client.toEnd()).not.toContain('\r\n0\r\n\r\n');
  expect(await proxy.served(1)).toMatchObject([{ status: 200, error: 'upstream_timeout' }]);
});

test('a stream that is refused first is there behind the second try', async () => {
  const { api, proxy, opens, stream } = await scene();
  api.rejectOnce();
  opens();
  const client = await connectRaw(proxy.port);
  client.send(GET);
  (await stream).write('data: one\n\n');
  const received = await client.until((text) => text.includes('data: one\n\n'));
  expect(received).toContain('\r\nBearerway-Retry: done\r\n');
});

test('a client that has enough of a stream ends it at the API, in the middle of an event too', async () => {
  const { proxy, opens, stream } = await scene();
  opens();
  const client = await connectRaw(proxy.port);
  client.send(GET);
  const api = await stream;
  const closed = new Promise<void>((resolve) => api.on('close', resolve));
  api.write('data: one\n\ndata: tw');
  await client.until((text) => text.includes('data: tw'));
  client.socket.destroy();
  await closed;
  expect(await proxy.served(1)).toMatchObject([{ status: 200, error: 'client_left', bytesOut: 19 }]);
});

test('a stream that the API ends is over for the client, and the connection serves the next request', async () => {
  const { proxy, opens, stream } = await scene();
  opens();
  const client = await connectRaw(proxy.port);
  client.send(GET);
  (await stream).end('data: bye\n\n');
  const first = await client.until((text) => text.endsWith('\r\n0\r\n\r\n'));
  client.send('GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n');
  expect(await client.until((text) => text.slice(first.length).includes('no_route'))).toContain('data: bye');
});

test('a long poll is waited for as long as timeouts.headers says, and no longer', async () => {
  const clock = new MovedClock();
  const { api, proxy } = await scene({ clock, route: { timeouts: { headers: '2m', idle: '1s' } } });
  for (const isInTime of [true, false]) {
    const asked = Promise.withResolvers<ServerResponse>();
    api.behaveOnce((_, response) => asked.resolve(response));
    const reply = proxy.call('/api/poll');
    const response = await asked.promise;
    clock.advance((isInTime ? 119 : 121) * SECOND);
    response.end('news');
    expect((await reply).status).toBe(isInTime ? 200 : 504);
  }
});

test('a long poll whose head comes first has timeouts.idle for its body', async () => {
  const clock = new MovedClock();
  const { proxy, opens, stream } = await scene({ clock, route: { timeouts: { headers: '1s', idle: '2m' } } });
  opens();
  const client = await connectRaw(proxy.port);
  client.send(GET);
  const response = await stream;
  await client.until(hasHead);
  clock.advance(119 * SECOND);
  response.end('news');
  await client.until((text) => text.endsWith('news\r\n0\r\n\r\n'));
});

const hasCurl = spawnSync('curl', ['--version'], { stdio: 'ignore' }).status === 0;
if (!hasCurl) console.info('curl is not installed: server-sent events are NOT tested with it.');

test.runIf(hasCurl)('curl prints each event as it comes', async () => {
  const { proxy, opens, stream } = await scene();
  opens();
  const curl = spawn('curl', ['-sSN', `${proxy.url}/api/events`], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void curl.kill());
  let printed = '';
  let wake = (): void => {};
  curl.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    wake();
  });
  for (const event of ['data: one\n\n', 'data: two\n\n']) {
    (await stream).write(event);
    while (!printed.includes(event)) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
});
