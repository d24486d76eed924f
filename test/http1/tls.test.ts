import { once } from 'node:events';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { selfSigned } from '../support/certificate.ts';
import { startProxy } from '../support/proxy.ts';
import { listening } from '../support/server.ts';

const { cert, key } = selfSigned();

/** An API behind TLS that answers each head with `body`, and keeps the connections it got. */
async function startTlsApi(options: TlsOptions = {}, body = Buffer.from('ok')) {
  const connections: TLSSocket[] = [];
  const server = createServer({ cert, key, ...options }, (socket) => {
    connections.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (!chunk.toString('latin1').endsWith('\r\n\r\n')) return;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
      socket.write(body);
      if (chunk.includes('GET /last ')) socket.end();
    });
  });
  server.on('tlsClientError', () => {});
  const upstream = `https://127.0.0.1:${await listening(server)}`;
  onTestFinished(() => {
    for (const socket of connections) socket.destroy();
    server.close();
  });
  return { upstream, connections };
}

function start(upstream: string, tls: Readonly<Record<string, unknown>>) {
  return startProxy({ routes: [{ prefix: '/api', upstream, tls }] });
}

test('a large answer comes through TLS byte for byte', async () => {
  const body = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
  const { upstream } = await startTlsApi({}, body);
  const proxy = await start(upstream, { ca: cert });
  expect((await proxy.call('/api/x')).body.equals(body)).toBe(true);
});

test('connections are used again, and new ones take up the TLS session of old ones', async () => {
  const { upstream, connections } = await startTlsApi();
  const proxy = await start(upstream, { ca: cert });
  for (const path of ['/api/x', '/api/y', '/api/last']) expect((await proxy.call(path)).text).toBe('ok');
  expect(connections).toHaveLength(1);
  if (connections[0]?.closed === false) await once(connections[0], 'close');
  expect((await proxy.call('/api/z')).text).toBe('ok');
  expect(connections[1]?.isSessionReused()).toBe(true);
});

test('an identity that nobody vouches for is refused, unless tls.insecure says otherwise', async () => {
  const { upstream, connections } = await startTlsApi();
  const careful = await start(upstream, {});
  expect((await careful.call('/api/x')).json()).toMatchObject({ status: 502, code: 'upstream_tls' });
  const careless = await start(upstream, { insecure: true });
  expect((await careless.call('/api/x')).text).toBe('ok');
  expect(connections.length).toBeGreaterThan(0);
});

test('an API with a name is asked for it (SNI), one with an address is not', async () => {
  const { cert, key } = selfSigned('localhost');
  const { upstream, connections } = await startTlsApi({ cert, key });
  const named = await start(upstream.replace('127.0.0.1', 'localhost'), { ca: cert });
  expect((await named.call('/api/x')).text).toBe('ok');
  const numbered = await start(upstream, { insecure: true });
  expect((await numbered.call('/api/x')).text).toBe('ok');
  expect(connections.map(({ servername }) => servername)).toEqual(['localhost', false]);
});

test('TLS before 1.2 is not spoken', async () => {
  const { upstream } = await startTlsApi({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' });
  const proxy = await start(upstream, { ca: cert });
  expect((await proxy.call('/api/x')).json()).toMatchObject({ status: 502, code: 'upstream_tls' });
});

test('the proxy shows its own certificate', async () => {
  const { upstream, connections } = await startTlsApi({ requestCert: true, ca: cert });
  const proxy = await start(upstream, { ca: cert, cert, key });
  expect((await proxy.call('/api/x')).text).toBe('ok');
  expect(connections[0]?.getPeerCertificate().subject.CN).toBe('test');
});
