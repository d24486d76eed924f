import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { connectRaw, type RawConnection } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { hasHead } from '../support/raw-api.ts';
import { ask, raw, repliesIn } from '../support/raw-replies.ts';
import { askForTunnel, behindHead, handshake, openTunnel, SWITCHING } from '../support/tunnel.ts';

/** Resolves with how a connection ended: by a FIN, or by a reset. */
async function ending({ socket }: RawConnection): Promise<'end' | 'reset'> {
  return new Promise((resolve) => {
    socket.on('end', () => resolve('end'));
    socket.on('error', () => resolve('reset'));
  });
}

describe('bytes', () => {
  test('that stand right behind the 101 are the client’s, in order', async () => {
    const { client, end } = await askForTunnel();
    end.send(`${SWITCHING}first,`);
    end.send('second');
    expect(behindHead(await client.until((text) => text.endsWith('second')))).toBe('first,second');
  });

  test('that stand behind the handshake wait for the 101, and go first', async () => {
    const { proxy, client, end } = await askForTunnel();
    client.send('early,');
    client.send('late');
    // Another request goes all its way meanwhile.
    await proxy.call('/nowhere');
    expect(behindHead(end.received)).toBe('');
    end.send(SWITCHING);
    await client.until(hasHead);
    client.send(',last');
    expect(behindHead(await end.until((text) => text.endsWith('last')))).toBe('early,late,last');
  });

  test('of any value go both ways, whatever they look like', async () => {
    const { client, end } = await openTunnel();
    const bytes = Buffer.concat([
      Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
      Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n'),
      randomBytes(100_000),
    ]).toString('latin1');
    client.send(bytes);
    end.send(bytes);
    expect(behindHead(await end.until((text) => behindHead(text).length >= bytes.length))).toBe(bytes);
    expect(behindHead(await client.until((text) => behindHead(text).length >= bytes.length))).toBe(bytes);
  });

  test('go through when each comes alone, head and all', async () => {
    const { client, end } = await askForTunnel();
    for (const byte of `${SWITCHING}after`) {
      end.send(byte);
      await new Promise((next) => setImmediate(next));
    }
    expect(behindHead(await client.until((text) => text.endsWith('after')))).toBe('after');
  });
});

describe('an end', () => {
  test('of the client’s side is passed on, and the API may go on', async () => {
    const { proxy, client, end } = await openTunnel();
    const told = once(end.socket, 'end');
    client.socket.end('bye');
    await told;
    expect(behindHead(end.received)).toBe('bye');
    end.send('and more');
    await client.until((text) => text.endsWith('and more'));
    expect(proxy.requests).toEqual([]);
    end.socket.end('.');
    expect(behindHead(await client.toEnd())).toBe('and more.');
    const [line] = await proxy.served(1);
    expect(line).toMatchObject({ status: 101, bytesIn: 3, bytesOut: 9 });
    expect(line).not.toHaveProperty('error');
  });

  test('of the API’s side is passed on, and the client may go on', async () => {
    const { proxy, client, end } = await openTunnel();
    const told = once(client.socket, 'end');
    end.socket.end('bye');
    await told;
    expect(behindHead(client.received)).toBe('bye');
    client.send('and more');
    await end.until((text) => text.endsWith('and more'));
    expect(proxy.requests).toEqual([]);
    client.socket.end('.');
    expect(behindHead(await end.toEnd())).toBe('and more.');
    expect((await proxy.served(1))[0]).toMatchObject({ status: 101, bytesIn: 9, bytesOut: 3 });
  });

  test('that stands right behind the 101 is passed on with it', async () => {
    const { client, end } = await askForTunnel();
    end.socket.end(`${SWITCHING}bye`);
    expect(behindHead(await client.toEnd())).toBe('bye');
    client.socket.end('and you');
    expect(behindHead(await end.toEnd())).toBe('and you');
  });
});

describe('a reset', () => {
  test('of the client is one for the API', async () => {
    const { proxy, client, end } = await openTunnel();
    const told = ending(end);
    client.socket.resetAndDestroy();
    expect(await told).toBe('reset');
    expect((await proxy.served(1))[0]).toMatchObject({ status: 101, error: 'client_left' });
  });

  test('of the API is one for the client', async () => {
    const { proxy, client, end } = await openTunnel();
    const told = ending(client);
    end.socket.resetAndDestroy();
    expect(await told).toBe('reset');
    expect((await proxy.served(1))[0]).toMatchObject({ status: 101, error: 'upstream_reset' });
  });

  test.each(['client', 'API'])('of the %s behind its own end is one for the other, when that sends', async (who) => {
    const { client, end } = await openTunnel();
    const [one, other] = who === 'client' ? [client, end] : [end, client];
    const ended = once(other.socket, 'end');
    one.socket.end();
    await ended;
    one.socket.resetAndDestroy();
    while (!other.socket.destroyed) {
      other.send('x');
      await new Promise((next) => setImmediate(next));
    }
    expect(other.socket.errored).toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) });
  });

  test.each(['ends', 'is reset'])(
    'a client that %s while the handshake is under way has left: the API is told',
    async (how) => {
      const { proxy, client, end } = await askForTunnel();
      if (how === 'ends') client.socket.end();
      else client.socket.resetAndDestroy();
      await end.toEnd();
      expect((await proxy.served(1))[0]).toMatchObject({ status: 499, error: 'client_left' });
    },
  );

  test.each(['ends', 'is reset'])(
    'an API that %s while the handshake is under way is a problem like any',
    async (how) => {
      const { client, end } = await askForTunnel();
      if (how === 'ends') end.socket.end();
      else end.socket.resetAndDestroy();
      const [reply] = repliesIn(await client.until((text) => repliesIn(text).length === 1));
      expect(reply).toMatchObject({ status: 502, code: 'upstream_reset' });
      // And what follows is HTTP.
      client.send('GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n');
      expect(repliesIn(await client.until((text) => repliesIn(text).length === 2))[1]?.code).toBe('no_route');
    },
  );
});

describe('the record', () => {
  test('is told when the tunnel ends, with its time; until then it counts as under way', async () => {
    const clock = new MovedClock();
    const { proxy, client, end } = await openTunnel({ clock, config: { limits: { inFlight: 1 } } });
    const other = await ask(proxy.port, raw(['GET /api/y HTTP/1.1', 'Host: localhost']));
    expect([other.status, other.code]).toEqual([503, 'overloaded']);
    clock.advance(90_000);
    client.socket.end('ab');
    end.socket.end('c');
    await Promise.all([client.toEnd(), end.toEnd()]);
    const line = (await proxy.served(2))[1];
    expect(line).toMatchObject({ status: 101, durationMs: 90_000, upstreamMs: 0, bytesIn: 2, bytesOut: 1 });
    expect((await ask(proxy.port, raw(['GET /nowhere HTTP/1.1', 'Host: localhost']))).code).toBe('no_route');
  });
});

describe('`connections`', () => {
  test('does not count a tunnel: whoever waits goes on as soon as it is one', async () => {
    const { proxy, api, client, end } = await askForTunnel({ route: { connections: 1 } });
    const waiting = proxy.call('/api/y');
    end.send(SWITCHING);
    await client.until(hasHead);
    const second = await api.connection(2);
    await second.until(hasHead);
    second.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    expect((await waiting).text).toBe('ok');
    client.send('still open');
    await end.until((text) => text.endsWith('still open'));
  });

  test('counts a handshake, and its end makes room for one only', async () => {
    const { proxy, api, client, end } = await openTunnel({ route: { connections: 1 } });
    const first = proxy.call('/api/1');
    const second = await api.connection(2);
    await second.until(hasHead);
    const third = proxy.call('/api/2');
    client.socket.end();
    end.socket.end();
    await proxy.served(1);
    expect(api.connections).toHaveLength(2);
    second.send('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1');
    expect((await first).text).toBe('1');
    await second.until((text) => text.includes('/2 '));
    second.send('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2');
    expect((await third).text).toBe('2');
    expect(api.connections).toHaveLength(2);
  });
});

describe('the end of the proxy', () => {
  test('cuts what is still open at shutdown.timeout, by a reset', async () => {
    const clock = new MovedClock();
    const { proxy, client, end } = await openTunnel({ clock, config: { shutdown: { timeout: '20s' } } });
    const cut = Promise.all([ending(client), ending(end)]);
    const stopped = proxy.stop();
    clock.advance(19_900);
    client.send('still');
    await end.until((text) => text.endsWith('still'));
    clock.advance(200);
    expect(await cut).toEqual(['reset', 'reset']);
    await stopped;
    expect(proxy.requests).toMatchObject([{ status: 101, error: 'shut_down', bytesIn: 5 }]);
  });

  test('waits for a tunnel that ends by itself, and takes a handshake that was under way', async () => {
    const clock = new MovedClock();
    const { proxy, client, end } = await askForTunnel({ clock, config: { shutdown: { timeout: '20s' } } });
    const stopped = proxy.stop();
    end.send(`${SWITCHING}hello`);
    await client.until((text) => text.endsWith('hello'));
    client.socket.end();
    end.socket.end();
    await stopped;
    expect(proxy.requests[0]).not.toHaveProperty('error');
  });
});

test('a connection that was a tunnel’s, and one whose handshake was refused, carry no other request', async () => {
  const { proxy, api, client, end } = await askForTunnel();
  end.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno');
  await client.until((text) => text.endsWith('no'));
  await end.toEnd();
  const next = proxy.call('/api/y');
  const second = await api.connection(2);
  await second.until(hasHead);
  second.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  expect((await next).text).toBe('ok');
});

test('a handshake on a connection that has served before, and is stale, is sent again', async () => {
  const { proxy, api, client, end } = await askForTunnel();
  end.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno');
  await client.until((text) => text.endsWith('no'));
  const plain = proxy.call('/api/y');
  const second = await api.connection(2);
  await second.until(hasHead);
  second.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  await plain;
  const other = await connectRaw(proxy.port);
  other.send(handshake());
  await second.until((text) => text.includes('Upgrade'));
  second.socket.resetAndDestroy();
  const third = await api.connection(3);
  await third.until(hasHead);
  third.send(`${SWITCHING}there`);
  expect(behindHead(await other.until((text) => text.endsWith('there')))).toBe('there');
});
