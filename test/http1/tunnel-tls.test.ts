import { once } from 'node:events';
import { createServer, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { selfSigned } from '../support/certificate.ts';
import { connectRaw, RawConnection } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import { hasHead } from '../support/raw-api.ts';
import { listening } from '../support/server.ts';
import { behindHead, handshake, SWITCHING } from '../support/tunnel.ts';

const { cert, key } = selfSigned();

/** A tunnel to an API behind TLS, open. */
async function openTunnel() {
  const arrived = Promise.withResolvers<TLSSocket>();
  const server = createServer({ cert, key, allowHalfOpen: true }, (socket) => arrived.resolve(socket));
  server.on('tlsClientError', () => {});
  const upstream = `https://127.0.0.1:${await listening(server)}`;
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream, tls: { ca: cert } }] });
  const client = await connectRaw(proxy.port);
  client.send(handshake());
  const socket = await arrived.promise;
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  const end = new RawConnection(socket);
  await end.until(hasHead);
  end.send(`${SWITCHING}hello`);
  await client.until((text) => text.endsWith('hello'));
  return { proxy, client, end };
}

test('bytes go both ways', async () => {
  const { client, end } = await openTunnel();
  const bytes = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff)).toString('latin1');
  client.send(bytes);
  expect(behindHead(await end.until((text) => behindHead(text).length === bytes.length))).toBe(bytes);
  end.send(bytes);
  expect(behindHead(await client.until((text) => behindHead(text).length === bytes.length + 5))).toBe(`hello${bytes}`);
});

test.each(['client', 'API'])('the end of the side of the %s is passed on, and the other may go on', async (who) => {
  const { proxy, client, end } = await openTunnel();
  const [one, other] = who === 'client' ? [client, end] : [end, client];
  const told = once(other.socket, 'end');
  one.socket.end('bye');
  await told;
  expect(other.received.endsWith('bye')).toBe(true);
  other.socket.end('and you');
  expect((await one.toEnd()).endsWith('and you')).toBe(true);
  expect((await proxy.served(1))[0]).not.toHaveProperty('error');
});

test.each(['client', 'API'])('a %s that breaks off breaks off the other, and the proxy lives', async (who) => {
  const { proxy, client, end } = await openTunnel();
  const [one, other] = who === 'client' ? [client, end] : [end, client];
  const closed = new Promise((resolve) => other.socket.once('end', resolve).once('close', resolve));
  // A TLS socket has no reset of its own.
  if (who === 'client') one.socket.resetAndDestroy();
  else {
    one.socket.pause();
    client.send('x'.repeat(100_000));
    await new Promise((next) => setImmediate(next));
    one.socket.destroy();
  }
  await closed;
  await proxy.served(1);
  expect((await proxy.call('/nowhere')).status).toBe(404);
});
