import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { startApi, whenWhole } from '../support/api.ts';
import { connectRaw, exchangeRaw } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import { answering, hasHead, type RawApi, startRawApi } from '../support/raw-api.ts';

function start(api: { readonly url: string }, more: Readonly<Record<string, unknown>> = {}) {
  return startProxy({ routes: [{ prefix: '/api', upstream: api.url, ...more }] });
}

async function startAnswering(bytes: string | Buffer) {
  return start(await startRawApi(answering(bytes)));
}

function ask(path = '/api/x', method = 'GET'): string {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
}

test('the head of an answer arrives before its body begins', async () => {
  const api = await startApi();
  api.behaveOnce((_, response) => response.writeHead(200, { 'x-early': 'yes' }).flushHeaders());
  const proxy = await start(api);
  const client = await connectRaw(proxy.port);
  client.send(ask());
  expect(await client.until(hasHead)).toContain('x-early: yes');
});

test('the first piece of a chunked upload reaches the API before the next one is sent', async () => {
  const api = await startApi();
  const proxy = await start(api);
  const client = await connectRaw(proxy.port);
  client.send('POST /api/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n');
  await api.received(3);
  client.send('3\r\ntwo\r\n0\r\n\r\n');
  expect(await client.until((text) => text.includes('"bodyLength":6'))).toContain('200 OK');
});

const text = Buffer.from('the same '.repeat(10_000));
const codings = { gzip: gzipSync(text), br: brotliCompressSync(text), zstd: zstdCompressSync(text), aes128gcm: text };

test.each(
  Object.entries(codings).flatMap(([coding, body]) => [
    [coding, 'of known length', body] as const,
    [coding, 'chunked', body] as const,
  ]),
)('U24 a body passes byte for byte, whatever its coding: %s, %s', async (coding, framing, body) => {
  const api = await startApi();
  const length = framing === 'chunked' ? {} : { 'content-length': body.length };
  api.behaveOnce(
    whenWhole((_, response) => response.writeHead(200, { 'content-encoding': coding, ...length }).end(body)),
  );
  const proxy = await start(api);
  const accept = 'zstd;q=1.0, br, gzip;q=0.5, *;q=0';
  const reply = await proxy.call('/api/x', { headers: { 'accept-encoding': accept } });
  expect(reply.headers['content-encoding']).toBe(coding);
  expect(reply.body).toEqual(body);
  expect(api.requests[0]?.headers['accept-encoding']).toBe(accept);
});

test('a body that is uploaded compressed passes byte for byte, and nothing is compressed on the way', async () => {
  const api = await startApi();
  const proxy = await start(api);
  const body = codings.gzip;
  const reply = await proxy.call('/api/x', { method: 'POST', body, headers: { 'content-encoding': 'gzip' } });
  const bodySha256 = createHash('sha256').update(body).digest('hex');
  expect(reply.json()).toMatchObject({ bodySha256, headers: { 'content-encoding': 'gzip' } });
  expect(reply.headers).not.toHaveProperty('content-encoding');
});

test('cookies stay apart, each as the API set it', async () => {
  const cookies = [
    'a=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT; Path=/',
    'b="x, y"; HttpOnly',
    'a=2; Domain=api.test',
    '',
  ];
  const api = await startApi();
  api.behaveOnce(whenWhole((_, response) => response.writeHead(200, { 'set-cookie': cookies }).end()));
  const proxy = await start(api);
  expect((await fetch(`${proxy.url}/api/x`)).headers.getSetCookie()).toEqual(cookies);
});

test('status, reason and fields come as the API sent them: case, order and duplicates', async () => {
  const proxy = await startAnswering(
    'HTTP/1.1 299 Quite Fine, caf\xc3\xa9 \xe2\x98\x95\r\n' +
      'SET-cookie: a=1; Path=/\r\nX-Odd: once\r\nset-cookie: b=2\r\nx-ODD: \xe9\r\nVia: 1.1 other\r\nX-Empty:\r\n' +
      'Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 2\r\nServer: it\r\n\r\nok',
  );
  const client = await connectRaw(proxy.port);
  client.send(ask());
  const received = await client.until((text) => text.endsWith('ok'));
  const [statusLine, ...lines] = received.split('\r\n');
  expect(statusLine).toBe('HTTP/1.1 299 Quite Fine, caf\xc3\xa9 \xe2\x98\x95');
  expect(lines.slice(0, 9)).toEqual([
    'SET-cookie: a=1; Path=/',
    'X-Odd: once',
    'set-cookie: b=2',
    'x-ODD: \xe9',
    'Via: 1.1 other',
    'X-Empty: ',
    'Date: Thu, 01 Jan 1970 00:00:00 GMT',
    'Content-Length: 2',
    'Server: it',
  ]);
});

test('an answer without a reason has none', async () => {
  const proxy = await startAnswering('HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n');
  expect(await proxy.call('/api/x')).toMatchObject({ status: 200, reason: '' });
});

test('U21 nothing of the connection to the API comes through', async () => {
  const proxy = await startAnswering(
    'HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=1\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok',
  );
  const { headers } = await proxy.call('/api/x', { headers: { connection: 'keep-alive' } });
  expect(headers).not.toHaveProperty('x-hop');
  expect(headers).not.toHaveProperty('upgrade');
  expect(headers).not.toHaveProperty('connection');
});

test('trailers come through', async () => {
  const proxy = await startAnswering(
    'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: abc\r\n\r\n',
  );
  const reply = await proxy.call('/api/x');
  expect(reply.text).toBe('ok');
  expect(reply.headers.trailer).toBe('X-Sum');
  expect(reply.trailers).toEqual({ 'x-sum': 'abc' });
});

test('trailers say nothing of the connection, and nothing in our name', async () => {
  const proxy = await startAnswering(
    'HTTP/1.1 200 OK\r\nConnection: x-hop\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n' +
      'X-Hop: 1\r\nBearerway-Retry: done\r\nKeep-Alive: timeout=9\r\nX-Sum: abc\r\n\r\n',
  );
  const reply = await proxy.call('/api/x');
  expect(reply).toMatchObject({ text: 'ok', trailers: { 'x-sum': 'abc' } });
  expect(Object.keys(reply.trailers)).toEqual(['x-sum']);
});

test.each([
  ['an answer of known length', 'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nContent-Length: 2\r\n\r\nok', 'GET', 'ok'],
  ['an answer without a body', 'HTTP/1.1 304 Not Modified\r\nTrailer: X-Sum\r\n\r\n', 'GET', ''],
  ['the answer to a HEAD', 'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n', 'HEAD', ''],
])('an announcement of trailers that cannot come does no harm: %s', async (_name, bytes, method, body) => {
  const proxy = await startAnswering(bytes);
  expect((await proxy.call('/api/x', { method })).text).toBe(body);
});

test('a client of HTTP/1.0 gets a chunked answer with trailers as a plain one', async () => {
  const proxy = await startAnswering(
    'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: abc\r\n\r\n',
  );
  const received = await exchangeRaw(proxy.port, 'GET /api/x HTTP/1.0\r\nHost: localhost\r\n\r\n');
  expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(received).toMatch(/\r\n\r\nok$/);
});

test('a reason in an unknown encoding does no harm', async () => {
  const proxy = await startAnswering('HTTP/1.1 200 caf\xe9\r\nContent-Length: 2\r\n\r\nok');
  expect(await proxy.call('/api/x')).toMatchObject({ status: 200, text: 'ok' });
});

test('early hints come through, and the answer behind them', async () => {
  const proxy = await startAnswering(
    'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>; rel=preload\r\n\r\n' +
      'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  );
  const client = await connectRaw(proxy.port);
  client.send(ask());
  const received = await client.until((text) => text.endsWith('ok'));
  expect(received).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>.*<\/b\.js>; rel=preload\r\n/is);
  expect(received).toContain('\r\n\r\nHTTP/1.1 200 OK\r\n');
});

test.each([
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: "x"\r\n\r\n', 200, '1234'],
  ['HEAD', 'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n', 404, undefined],
  ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: "x"\r\n\r\n', 304, '99'],
  ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', 204, undefined],
  ['POST', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n', 205, '0'],
])('an answer without a body keeps the connection: %s, %j', async (method, bytes, status, length) => {
  const proxy = await startAnswering(bytes);
  const client = await connectRaw(proxy.port);
  client.send(ask('/api/x', method));
  const first = await client.until(hasHead);
  client.send(ask('/nowhere'));
  const both = await client.until((text) => text.includes('no_route'));
  expect(first).toContain(`HTTP/1.1 ${status} `);
  expect(/\r\ncontent-length: (.*)\r\n/i.exec(first)?.[1]).toBe(length);
  expect(both.slice(first.length)).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
});

test.each([301, 302, 303, 307, 308])('U20 a redirect is an answer like any other: %i', async (status) => {
  const api = await startApi();
  const elsewhere = await startApi();
  const location = `${elsewhere.url}/next?x=1`;
  api.behaveOnce(whenWhole((_, response) => response.writeHead(status, { location }).end('moved')));
  const proxy = await start(api);
  const reply = await proxy.call('/api/x', { method: 'POST', body: 'x' });
  expect(reply).toMatchObject({ status, text: 'moved' });
  expect(reply.headers.location).toBe(location);
  expect(elsewhere.requests).toHaveLength(0);
  expect(api.requests).toHaveLength(1);
});

test('an answer that ends with its connection is whole', async () => {
  const api: RawApi = await startRawApi(async (connection) => {
    await connection.until(hasHead);
    connection.send(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(300_000)}`);
    connection.socket.end();
  });
  const proxy = await start(api);
  expect((await proxy.call('/api/x')).body.length).toBe(300_000);
});

test('a client that waits for 100 Continue gets it, and the API is not asked to', async () => {
  const api = await startApi();
  const proxy = await start(api);
  const sent = request(`${proxy.url}/api/x`, { method: 'PUT', headers: { expect: '100-continue' }, agent: false });
  const answered = once(sent, 'response');
  sent.flushHeaders();
  await once(sent, 'continue');
  sent.end('payload');
  const [response] = await answered;
  response.resume();
  expect(response.statusCode).toBe(200);
  expect(api.requests[0]).toMatchObject({ bodyLength: 7 });
  expect(api.requests[0]?.headers).not.toHaveProperty('expect');
});
