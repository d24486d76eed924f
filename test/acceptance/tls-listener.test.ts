import { once } from 'node:events';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { selfSigned } from '../support/certificate.ts';
import { connectRaw, exchangeRaw } from '../support/client.ts';
import { type Proxy as RunningProxy, startProxy } from '../support/proxy.ts';
import { answering, startRawApi } from '../support/raw-api.ts';

const { cert, key } = selfSigned();
const [client, stranger] = [selfSigned(), selfSigned()];
const GET = 'GET /api/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

async function start(tls: object = {}, route: object = {}): Promise<RunningProxy> {
  const api = await startApi();
  return startProxy({
    listen: { tls: { cert, key, ...tls } },
    routes: [{ prefix: '/api', upstream: api.url, ...route }],
  });
}

/** All that comes back of a request over TLS; rejects with what is wrong with the handshake. */
async function exchange(port: number, options: ConnectionOptions = {}, bytes = GET): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, ca: cert, ...options });
  onTestFinished(() => void socket.destroy());
  let received = '';
  socket
    .on('data', (chunk) => {
      received += chunk.toString('latin1');
    })
    // Told by `once` below, and not always once.
    .on('error', () => {});
  socket.write(bytes);
  await once(socket, 'end');
  return received;
}

test('requests are answered over TLS, with the certificate of the config, on both addresses of loopback', async () => {
  const proxy = await start();
  expect(await exchange(proxy.port)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(proxy.app.bound.addresses[0]).toBe(`https://127.0.0.1:${proxy.port}`);
  expect((await proxy.served(1))[0]).toMatchObject({
    client: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    status: 200,
  });
});

test('a connection over TLS serves request after request, large bodies too', async () => {
  const proxy = await start();
  const sent = request({ host: '127.0.0.1', port: proxy.port, path: '/api/x', method: 'PUT', ca: cert, agent: false });
  sent.end(Buffer.alloc(3_000_000, 'x'));
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  expect(JSON.parse(text)).toMatchObject({ bodyLength: 3_000_000 });
  const twice = await exchange(proxy.port, {}, GET.replace('Connection: close\r\n', '') + GET);
  expect(twice.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
});

test('an API is told that the client came over TLS', async () => {
  const proxy = await start({}, { forwardedHeaders: true });
  expect(await exchange(proxy.port)).toContain('"x-forwarded-proto":"https"');
});

test('TLS before 1.2 is not spoken, nor is another protocol than HTTP/1.1', async () => {
  const proxy = await start();
  const old: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' };
  await expect(exchange(proxy.port, old)).rejects.toThrow();
  await expect(exchange(proxy.port, { ALPNProtocols: ['h2'] })).rejects.toThrow();
  expect(await exchange(proxy.port, { maxVersion: 'TLSv1.2', ALPNProtocols: ['h2', 'http/1.1'] })).toContain('200 OK');
});

test.each([['TLSv1.3'], ['TLSv1.2']] as const)(
  'with clientCa a client must show a certificate that it vouches for, in %s',
  async (maxVersion) => {
    const proxy = await start({ clientCa: client.cert });
    // In 1.3 a client may have sent before it hears of its refusal, which some hear as an end.
    const outcome = (identity: object) => exchange(proxy.port, { ...identity, maxVersion }).catch(() => '');
    expect(await outcome({})).toBe('');
    expect(await outcome(stranger)).toBe('');
    expect(proxy.requests).toEqual([]);
    expect(await outcome(client)).toContain('200 OK');
    const reasons = proxy.log.flatMap(({ reason }) => (reason === undefined ? [] : [String(reason)]));
    expect(reasons.join()).toMatch(/peer did not return a certificate.*DEPTH_ZERO_SELF_SIGNED_CERT/);
  },
);

test('plain HTTP on the TLS port is closed without an answer, and told at debug', async () => {
  const proxy = await start();
  expect(await exchangeRaw(proxy.port, GET)).not.toContain('HTTP/1.1');
  await proxy.told(/^no TLS handshake came about$/);
  const line = proxy.log.find(({ msg }) => msg === 'no TLS handshake came about');
  expect(line).toMatchObject({ level: 'debug', reason: expect.stringContaining('http request') });
  expect(await exchange(proxy.port)).toContain('200 OK');
});

test('handshakes that are given up leave nothing behind, and a stop does not wait for one', async () => {
  const proxy = await start();
  for (let i = 0; i < 50; i += 1) {
    const socket = connectTcp({ host: '127.0.0.1', port: proxy.port });
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(Buffer.from([0x16, 0x03, 0x01].slice(0, i % 4)));
    if (i % 2 === 0) socket.destroy();
    else socket.resetAndDestroy();
  }
  const silent = await connectRaw(proxy.port);
  const stopped = proxy.stop();
  await silent.toEnd();
  await stopped;
  expect(proxy.requests).toEqual([]);
});

test('an answer that ends with its connection does not look whole when it is cut', async () => {
  const api = await startRawApi(async (connection) => {
    await answering('HTTP/1.0 200 OK\r\n\r\nhalf of it')(connection);
    await connection.until(() => connection.socket.writableLength === 0);
    connection.socket.resetAndDestroy();
  });
  const proxy = await startProxy({
    listen: { tls: { cert, key } },
    routes: [{ prefix: '/api', upstream: api.url }],
  });
  // TLS 1.2 shows what kind a record is: 21 is an alert, as which the end of the data would be told (RFC 5246 §7.2.1).
  const transport = connectTcp({ host: '127.0.0.1', port: proxy.port });
  const records: Buffer[] = [];
  transport.on('data', (chunk: Buffer) => records.push(chunk));
  const socket = connect({ socket: transport, ca: cert, host: '127.0.0.1', maxVersion: 'TLSv1.2' });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {}).resume();
  socket.write('GET /api/x HTTP/1.0\r\nHost: localhost\r\n\r\n');
  await once(socket, 'close');
  expect(recordTypes(Buffer.concat(records))).not.toContain(21);
  expect((await proxy.served(1))[0]).toMatchObject({ error: 'upstream_reset' });
});

function recordTypes(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) types.push(bytes[at] ?? -1);
  return types;
}
