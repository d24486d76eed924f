import { createServer as createTlsServer } from 'node:https';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsApi } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { selfSigned } from '../support/certificate.ts';
import { connectRaw, exchangeRaw, type RawConnection } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import { answering, hasHead, startRawApi } from '../support/raw-api.ts';
import { closing, listening } from '../support/server.ts';

const GET = 'GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n';

function start(upstream: string, more: Readonly<Record<string, unknown>> = {}) {
  return startProxy({ routes: [{ prefix: '/api', upstream, ...more }] });
}

const endings: Readonly<Record<string, (connection: RawConnection) => void>> = {
  closes: ({ socket }) => socket.end(),
  resets: ({ socket }) => socket.resetAndDestroy(),
};

const partial = [
  ['of known length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n', 'begun'],
  ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '5\r\nbegun\r\n'],
  ['chunked, within a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '64\r\nbegun'],
] as const;
const brokenOff = [
  ...Object.keys(endings).flatMap((ending) => partial.map((rest) => [ending, ...rest] as const)),
  // Its end alone would make it whole.
  ['resets', 'that ends with its connection', 'HTTP/1.1 200 OK\r\n\r\n', 'begun'] as const,
];

test.each(brokenOff)(
  'an API that %s in the middle of an answer (%s): the client is cut too',
  async (ending, _name, head, part) => {
    const api = await startRawApi(answering(`${head}${part}`));
    const proxy = await start(api.url);
    const client = await connectRaw(proxy.port);
    client.send(GET);
    await client.until((text) => text.includes('begun'));
    endings[ending]?.(await api.connection());
    const received = await client.toEnd();
    expect(received).toContain('begun');
    expect(received).not.toContain('\r\n0\r\n');
    expect(received).not.toContain('problem');
    const [record] = await proxy.served(1);
    expect(record).toMatchObject({ status: 200, error: 'upstream_reset', bytesOut: 5 });
    expect(record?.['reason']).toMatch(/./);
  },
);

test('to a client of HTTP/1.0, for whom the end of the connection is the end of the body, the cut is a reset', async () => {
  const api = await startRawApi(answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n'));
  const proxy = await start(api.url);
  const client = await connectRaw(proxy.port);
  client.send('GET /api/x HTTP/1.0\r\nHost: localhost\r\n\r\n');
  await client.until((text) => text.includes('begun'));
  const ended = Promise.withResolvers<string>();
  client.socket.once('end', () => ended.resolve('an ordinary end')).once('error', () => ended.resolve('a reset'));
  (await api.connection()).socket.end();
  expect(await ended.promise).toBe('a reset');
});

test.each(['closes', 'resets'])(
  'an API behind TLS that %s in the middle of an answer: the client is cut too',
  async (how) => {
    const { cert, key } = selfSigned();
    const server = createTlsApi({ cert, key }, (socket) => {
      socket
        .on('error', () => {})
        .once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun'));
    });
    const tcp = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const upstream = `https://127.0.0.1:${await listening(server)}`;
    onTestFinished(() => void server.close());
    const proxy = await start(upstream, { tls: { ca: cert } });
    const client = await connectRaw(proxy.port);
    client.send(GET);
    await client.until((text) => text.endsWith('begun'));
    if (how === 'closes') (await tcp).destroy();
    else (await tcp).resetAndDestroy();
    expect(await client.toEnd()).toMatch(/begun$/);
    expect(await proxy.served(1)).toMatchObject([{ status: 200, error: 'upstream_reset', bytesOut: 5 }]);
  },
);

test.each(Object.keys(endings))(
  'an API that %s while its client is slow: the client is cut all the same',
  async (how) => {
    const api = await startRawApi();
    const proxy = await start(api.url);
    const client = await connectRaw(proxy.port);
    client.socket.pause();
    client.send(GET);
    const connection = await api.connection();
    await connection.until(hasHead);
    const sent = 8 * 1024 * 1024;
    connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${2 * sent}\r\n\r\n`);
    connection.socket.write(Buffer.alloc(sent, 'x'), () => endings[how]?.(connection));
    client.socket.resume();
    const received = await client.toEnd();
    expect(received.length).toBeLessThan(sent + 1000);
    expect(received).not.toContain('problem');
    expect(await proxy.served(1)).toMatchObject([{ status: 200, error: 'upstream_reset' }]);
  },
);

test('a body that breaks its chunked coding: the client is cut', async () => {
  const api = await startRawApi(
    answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\nXYZ\r\n'),
  );
  const proxy = await start(api.url);
  const received = await exchangeRaw(proxy.port, GET);
  expect(received).not.toContain('\r\n0\r\n');
  expect((await proxy.served(1))[0]).toMatchObject({ error: 'upstream_invalid' });
});

test.each(Object.keys(endings))('R14 an API that %s before its answer', async (ending) => {
  const api = await startRawApi(async (connection) => {
    await connection.until(hasHead);
    endings[ending]?.(connection);
  });
  const proxy = await start(api.url);
  const reply = await proxy.call('/api/x', { method: 'POST', body: 'once' });
  expect(reply).toMatchObject({ status: 502 });
  expect(reply.json()).toMatchObject({ code: 'upstream_reset', source: 'upstream' });
  expect(api.connections).toHaveLength(1);
});

test('U01 an API that nobody listens for', async () => {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  const reply = await (await start(`http://127.0.0.1:${port}`)).call('/api/x');
  expect(reply.json()).toMatchObject({ status: 502, code: 'upstream_unreachable' });
});

test('U25 an API whose name nobody knows', async () => {
  const reply = await (await start('http://no-such-host.invalid', { plaintext: true })).call('/api/x');
  expect(reply.json()).toMatchObject({ status: 502, code: 'upstream_unreachable' });
});

test.each([
  ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n\r\n'],
  ['a page without a head', '<!doctype html><p>\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk'],
  ['a length and a coding', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
  ['a NUL in a field', 'HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n'],
  ['a head without an end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(20_000)}`],
  ['an upgrade that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
  ['interim answers without an end', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100)],
])('an API that does not speak HTTP: %s', async (_name, bytes) => {
  const api = await startRawApi(answering(bytes));
  const proxy = await start(api.url);
  const reply = await proxy.call('/api/x');
  expect(reply.json()).toMatchObject({ status: 502, code: 'upstream_invalid' });
  expect(reply.json()['detail']).toMatch(
    /^(its|the (fields|head) of its) answer|^it changed the protocol|^its interim/,
  );
  await (await api.connection()).toEnd();
});

test.each([
  ['20 KB', `X: ${'y'.repeat(20_000)}\r\n`, 'the fields have more than 16384 bytes'],
  ['101 fields', 'X: y\r\n'.repeat(101), 'more than 100 fields'],
])('U14 a head that is larger than we take is not called a breach of HTTP: %s', async (_name, fields, words) => {
  const api = await startRawApi(answering(`HTTP/1.1 200 OK\r\n${fields}\r\n`));
  const reply = await (await start(api.url)).call('/api/x');
  const detail = `the head of its answer is too large: ${words}`;
  expect(reply.json()).toMatchObject({ status: 502, code: 'upstream_invalid', detail });
});

test('U02 an API that never answers', async () => {
  const api = await startRawApi();
  const proxy = await start(api.url, { timeouts: { headers: '80ms' } });
  const reply = await proxy.call('/api/x');
  expect(reply.json()).toMatchObject({ status: 504, code: 'upstream_timeout' });
  await (await api.connection()).toEnd();
});

test('U04 an API that falls silent in the middle of its answer: the client is cut', async () => {
  const [[, head, part]] = partial;
  const api = await startRawApi(answering(`${head}${part}`));
  const proxy = await start(api.url, { timeouts: { idle: '80ms' } });
  expect(await exchangeRaw(proxy.port, GET)).toMatch(/begun$/);
  expect((await proxy.served(1))[0]).toMatchObject({ status: 200, error: 'upstream_timeout' });
});

test.each([
  ['kept whole', 'Content-Length: 10\r\n\r\n12345'],
  ['chunked', 'Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n'],
])('a client that falls silent in the middle of its body: %s', async (_name, rest) => {
  const api = await startApi();
  const proxy = await start(api.url, { timeouts: { idle: '80ms' } });
  const received = await exchangeRaw(proxy.port, `POST /api/x HTTP/1.1\r\nHost: localhost\r\n${rest}`);
  expect(received).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  expect(received).toContain('"code":"request_timeout"');
  expect(api.requests).toHaveLength(0);
});

test('U01 a certificate that nobody vouches for', async () => {
  const { cert, key } = selfSigned();
  const server = createTlsServer({ cert, key }, (_, response) => response.end('private'));
  const upstream = `https://127.0.0.1:${await listening(server)}`;
  onTestFinished(() => closing(server));

  const refused = await (await start(upstream)).call('/api/x');
  expect(refused.json()).toMatchObject({ status: 502, code: 'upstream_tls' });
  expect((await (await start(upstream, { tls: { ca: selfSigned().cert } })).call('/api/x')).status).toBe(502);
  expect(await (await start(upstream, { tls: { ca: cert } })).call('/api/x')).toMatchObject({ text: 'private' });
  expect(await (await start(upstream, { tls: { insecure: true } })).call('/api/x')).toMatchObject({ text: 'private' });
});

test('U01 a certificate for another address', async () => {
  const { cert, key } = selfSigned('127.0.0.2');
  const server = createTlsServer({ cert, key }, (_, response) => response.end());
  onTestFinished(() => closing(server));
  const proxy = await start(`https://127.0.0.1:${await listening(server)}`, { tls: { ca: cert } });
  expect((await proxy.call('/api/x')).json()).toMatchObject({ code: 'upstream_tls' });
});

test('an API without TLS where TLS was meant', async () => {
  const api = await startApi();
  const proxy = await start(api.url.replace('http:', 'https:'));
  expect((await proxy.call('/api/x')).json()).toMatchObject({ status: 502, code: 'upstream_tls' });
});
