import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type Api, startApi } from '../support/api.ts';
import { CLIENT_ID, CLIENT_SECRET, TOKEN_PREFIX } from '../support/canary.ts';
import type { Reply } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { startProxy, steady } from '../support/proxy.ts';
import {
  answer,
  answering,
  jsonAnswer,
  type RecorderBehaviour,
  startTokenRecorder,
  type TokenRecorder,
} from '../support/token-recorder.ts';

/** What no answer to a client may repeat, wherever in the endpoint's answer it stood. */
const REPEATED = `${TOKEN_PREFIX}in-an-answer`;

/** A whole proxy before a token endpoint that behaves like this, on a clock that stands still. */
async function begin(
  behaviour: RecorderBehaviour,
  credential: Readonly<Record<string, unknown>> = {},
  { random = Math.random } = {},
) {
  const recorder = await startTokenRecorder();
  recorder.behaviour = behaviour;
  const api = await startApi();
  const clock = new MovedClock();
  const main = { tokenUrl: recorder.url(), clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, ...credential };
  const routes = [{ prefix: '/api', upstream: api.url, credential: 'main' }];
  const proxy = await startProxy({ credentials: { main }, routes }, { clock, random });
  return { recorder, api, clock, proxy };
}

function expectFailure(reply: Reply, { code, api }: { readonly code: string; readonly api: Api }): void {
  expect(reply.json()).toMatchObject({ code, source: 'identity_provider', status: reply.status });
  expect(reply.status).toBe(code === 'token_unavailable' ? 503 : 502);
  expect(reply.headers['content-type']).toBe('application/problem+json');
  expect(reply.headers['proxy-status']).toMatch(/^bearerway; error=/);
  if (code === 'token_unavailable') expect(reply.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  expect(reply.text).not.toContain(REPEATED);
  expect(reply.text).not.toContain('127.0.0.1');
  expect(api.requests).toEqual([]);
}

const refusal = JSON.stringify({ error: 'invalid_client', error_description: REPEATED });

test.each<[string, string, Buffer]>([
  ['token_invalid', 'T01 200 with HTML', answer(200, `<html>${REPEATED}`, ['Content-Type: text/html'])],
  ['token_invalid', 'T02 200 with nothing', answer(200, '')],
  ['token_invalid', '204', Buffer.from('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n')],
  ['token_invalid', 'T03 200 with half of JSON', answer(200, `{"access_token":"${REPEATED}"`)],
  ['token_invalid', 'T03 200 with an array', answer(200, `["${REPEATED}"]`)],
  ['token_invalid', 'T03 200 with null', answer(200, 'null')],
  ['token_invalid', 'T06 200 with another type of token', jsonAnswer({ access_token: REPEATED, token_type: 'mac' })],
  ['token_invalid', 'T05 a token with CR and LF', jsonAnswer({ access_token: `${REPEATED}\r\nX-Evil: 1` })],
  ['token_invalid', 'T05 a token with a space', jsonAnswer({ access_token: `${REPEATED} x` })],
  ['token_invalid', 'T05 a token with é', jsonAnswer({ access_token: `${REPEATED}é` })],
  ['token_invalid', 'T05 a token of 100 KB', jsonAnswer({ access_token: REPEATED.repeat(5000) })],
  ['token_invalid', 'T05 a token that is a number', jsonAnswer({ access_token: 12_345 })],
  ['token_invalid', 'T19 more than 256 KiB', jsonAnswer({ access_token: REPEATED, padding: 'x'.repeat(262_144) })],
  [
    'token_invalid',
    'T22 gzip that nobody asked for',
    answer(200, gzipSync(`{"access_token":"${REPEATED}"}`), ['Content-Encoding: gzip']),
  ],
  ['token_invalid', 'T22 nesting of 100,000', answer(200, `${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
  ['token_refused', 'T04 200 with an error', answer(200, refusal)],
  ['token_refused', 'T13 400', answer(400, refusal)],
  ['token_refused', 'T14 401', answer(401, refusal, [`WWW-Authenticate: Basic realm="${REPEATED}"`])],
  ['token_refused', '403 with HTML', answer(403, `<html>${REPEATED}`)],
  ['token_refused', '404', answer(404, REPEATED)],
  ['token_refused', '401 with more than 256 KiB', answer(401, REPEATED.repeat(20_000))],
  ['token_unavailable', '408', answer(408, REPEATED)],
  ['token_unavailable', '429', answer(429, refusal)],
  ['token_unavailable', '500', answer(500, REPEATED)],
  ['token_unavailable', '502', answer(502, REPEATED)],
  ['token_unavailable', '503', answer(503, REPEATED)],
  ['token_unavailable', '503 with more than 256 KiB', answer(503, REPEATED.repeat(20_000))],
  ['token_unavailable', 'no HTTP', Buffer.from(`SSH-2.0-${REPEATED}\r\n`)],
  ['token_unavailable', 'nothing at all', Buffer.alloc(0)],
  ['token_unavailable', 'less than its length', Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"acc')],
])('%s: the token endpoint answers %s', async (code, _, bytes) => {
  const { recorder, api, proxy } = await begin(answering(bytes));

  expectFailure(await proxy.call('/api/x'), { code, api });
  const requests = recorder.requests.length;
  expectFailure(await proxy.call('/api/y'), { code, api });
  expect(recorder.requests, 'it is not asked again while we back off').toHaveLength(requests);
});

test.each<[string, Buffer]>([
  ['T22 a byte order mark', answer(200, `\uFEFF{"access_token":"${REPEATED}"}`)],
  ['T22 duplicate members', answer(200, `{"access_token":"other","access_token":"${REPEATED}"}`)],
  ['T20 another content type', answer(200, `{"access_token":"${REPEATED}"}`, ['Content-Type: text/html'])],
  ['T22 Set-Cookie', answer(200, `{"access_token":"${REPEATED}"}`, ['Set-Cookie: a=b', 'Set-Cookie: c=d'])],
  ['two dates', answer(200, `{"access_token":"${REPEATED}"}`, ['Date: now', 'Date: then'])],
])('%s makes a token no worse', async (_, bytes) => {
  const { recorder, api, proxy } = await begin(answering(bytes));

  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(api.requests[0]?.headers.authorization).toBe(`Bearer ${REPEATED}`);
  expect(recorder.requests[0]?.headers.get('cookie')).toBeUndefined();
});

test.each([
  ['says so', ['Content-Type: application/json; charset=utf-8'], 0],
  ['says that it is something else', ['Content-Type: text/plain'], 1],
  ['says nothing of it', [], 1],
])('T20 an answer in JSON that %s: lines of warning', async (_, lines, warnings) => {
  const { proxy } = await begin(answering(answer(200, `{"access_token":"${REPEATED}"}`, lines)));

  expect((await proxy.call('/api/x')).status).toBe(200);
  const told = proxy.log.filter(({ msg }) => /Content-Type/.test(String(msg)));
  expect(told.map(({ level, credential }) => `${level} ${credential}`)).toEqual(Array(warnings).fill('warn main'));
});

test.each<[number, string, string]>([
  [429, '7', '7'],
  [503, '1', '1'],
  [429, '0', '1'],
  [503, '3600', '300'],
  [503, '99999999999999999999', '300'],
  [429, 'Sat, 21 Nov 2026 00:00:42 GMT', '42'],
  [503, 'Sat, 21 Nov 2026 09:00:00 GMT', '300'],
  [503, 'Thu, 01 Jan 1970 00:00:00 GMT', '1'],
  [429, 'soon', '1'],
  [500, '-5', '1'],
])('T15 %d with Retry-After: %s: our clients are told %s s', async (status, retryAfter, told) => {
  const { api, proxy } = await begin(
    answering(answer(status, '', [`Retry-After: ${retryAfter}`])),
    {},
    { random: steady },
  );
  const reply = await proxy.call('/api/x');

  expectFailure(reply, { code: 'token_unavailable', api });
  expect(reply.headers['retry-after']).toBe(told);
});

test('Retry-After is obeyed: no token request before it is over, one behind it, and then all is well', async () => {
  const { recorder, clock, proxy } = await begin(
    answering(answer(429, '', ['Retry-After: 60'])),
    {},
    { random: steady },
  );
  expect((await proxy.call('/api/x')).status).toBe(503);
  recorder.behaviour = answering(jsonAnswer({ access_token: REPEATED }));
  clock.advance(59_999);
  expect((await proxy.call('/api/x')).status).toBe(503);
  expect(recorder.requests).toHaveLength(1);

  clock.advance(1);
  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(recorder.requests).toHaveLength(2);
});

test('nobody listens there', async () => {
  const { port } = await closedPort();
  const { api, proxy } = await begin(answering(''), { tokenUrl: `http://127.0.0.1:${port}/token` });

  expectFailure(await proxy.call('/api/x'), { code: 'token_unavailable', api });
});

test.each([301, 302, 303, 307, 308])('T18 a %d is not followed: the secret goes nowhere else', async (status) => {
  const elsewhere = await startTokenRecorder();
  const { recorder, api, proxy } = await begin(answering(answer(status, '', [`Location: ${elsewhere.url()}`])));

  expectFailure(await proxy.call('/api/x'), { code: 'token_invalid', api });
  expect(elsewhere.requests).toEqual([]);
  expect(recorder.requests).toHaveLength(1);
});

const hanging: RecorderBehaviour = () => {};
const headOnly: RecorderBehaviour = (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{');
/** A byte whenever the one before has gone out: there is always something, and never enough. */
const dripping: RecorderBehaviour = (socket) => {
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
  drip(socket);
};
function drip(socket: Socket): void {
  if (!socket.destroyed) socket.write(' ', () => setImmediate(drip, socket));
}

test.each<[string, RecorderBehaviour]>([
  ['says nothing', hanging],
  ['ends in the middle of its answer', headOnly],
])('T17 a token endpoint that %s is given up after request.timeout', async (_, behaviour) => {
  const { api, proxy } = await begin(behaviour, { request: { timeout: '50ms' } });
  const reply = await proxy.call('/api/x');

  expectFailure(reply, { code: 'token_unavailable', api });
  expect(reply.json()['detail']).toBe('credential main: the token endpoint did not answer in time');
});

test('T17 a token endpoint that drips is given up after request.timeout, or at 256 KiB', async () => {
  const { api, proxy } = await begin(dripping, { request: { timeout: '50ms' } });
  const reply = await proxy.call('/api/x');

  expect(api.requests).toEqual([]);
  expect(['token_unavailable', 'token_invalid']).toContain(reply.json()['code']);
});

test('T19 an answer that never ends is cut off at 256 KiB', async () => {
  const { promise: cut, resolve } = Promise.withResolvers<number>();
  const { api, proxy } = await begin((socket) => {
    const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
    socket.on('close', () => resolve(socket.bytesWritten));
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const pour = (): void => {
      if (!socket.destroyed) socket.write(chunk, () => setImmediate(pour));
    };
    pour();
  });

  expectFailure(await proxy.call('/api/x'), { code: 'token_invalid', api });
  // What lies in the buffers of two sockets comes on top.
  expect(await cut).toBeLessThan(32 * 1024 * 1024);
});

async function closedPort(): Promise<{ readonly port: number }> {
  const recorder: TokenRecorder = await startTokenRecorder();
  await recorder.close();
  return recorder;
}
