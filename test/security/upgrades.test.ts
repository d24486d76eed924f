import { describe, expect, test } from 'vitest';
import { connectRaw, exchangeRaw } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';
import { ask, raw, repliesIn } from '../support/raw-replies.ts';
import { startRecorder } from '../support/recorder.ts';
import { setStage } from '../support/stage.ts';
import { behindHead, SWITCHING } from '../support/tunnel.ts';

/** The request that the API gets for these lines, behind a Host; the answer is a 200. */
async function sent(requestLine: string, lines: readonly string[], route = {}) {
  const recorder = await startRecorder();
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: recorder.url, ...route }] });
  const reply = await ask(proxy.port, raw([requestLine, 'Host: localhost', ...lines]));
  const [message] = recorder.messages;
  return { status: reply.status, connection: message?.all('connection'), upgrade: message?.all('upgrade'), message };
}

describe('an upgrade goes to the API as we spell it', () => {
  test.each<[string, string[], string]>([
    ['one protocol', ['Connection: Upgrade', 'Upgrade: websocket'], 'websocket'],
    ['in any case', ['connection: UPGRADE', 'UPGRADE: WebSocket'], 'WebSocket'],
    ['among other options', ['Connection: keep-alive, Upgrade', 'Upgrade: websocket'], 'websocket'],
    ['in a second Connection field', ['Connection: keep-alive', 'Connection: upgrade', 'Upgrade: x'], 'x'],
    [
      'several, with versions',
      ['Connection: Upgrade', 'Upgrade: SPDY/3.1, x', 'Upgrade: IRC/6.9'],
      'SPDY/3.1, x, IRC/6.9',
    ],
    ['without those that are HTTP again', ['Connection: Upgrade', 'Upgrade: h2c, HTTP/2.0, TLS/1.0, h2, x'], 'x'],
    ['without what is no protocol', ['Connection: Upgrade', 'Upgrade: a b, /1, c/, , d/1/2, x/1'], 'x/1'],
    ['of a POST whose body is empty', ['Connection: Upgrade', 'Upgrade: tcp', 'Content-Length: 0'], 'tcp'],
  ])('%s', async (_name, lines, upgrade) => {
    for (const method of ['GET', 'POST', 'PURGE']) {
      const { status, ...got } = await sent(`${method} /api/x HTTP/1.1`, lines);
      expect({ status, connection: got.connection, upgrade: got.upgrade }).toEqual({
        ...{ status: 200, connection: ['Upgrade'], upgrade: [upgrade] },
      });
    }
  });

  test('beside TE', async () => {
    const { connection } = await sent('GET /api/x HTTP/1.1', ['Connection: TE, Upgrade', 'TE: trailers', 'Upgrade: x']);
    expect(connection).toEqual(['Upgrade, TE']);
  });
});

describe('what is no upgrade goes on without one', () => {
  test.each<[string, string, string[]]>([
    ['Upgrade without the Connection option', 'GET /api/x HTTP/1.1', ['Upgrade: websocket']],
    ['another option', 'GET /api/x HTTP/1.1', ['Connection: upgrades', 'Upgrade: websocket']],
    ['the option without Upgrade', 'GET /api/x HTTP/1.1', ['Connection: upgrade']],
    ['an empty Upgrade', 'GET /api/x HTTP/1.1', ['Connection: upgrade', 'Upgrade: ,']],
    ['one in HTTP/1.0', 'GET /api/x HTTP/1.0', ['Connection: upgrade', 'Upgrade: websocket']],
    ['F27 h2c', 'GET /api/x HTTP/1.1', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAM']],
    [
      'TLS, in which requests are that nobody here would see',
      'OPTIONS /api/x HTTP/1.1',
      ['Connection: upgrade', 'Upgrade: TLS/1.0, HTTP/1.1'],
    ],
  ])('%s', async (_name, requestLine, lines) => {
    const { status, connection, upgrade } = await sent(requestLine, lines);
    expect({ status, connection, upgrade }).toEqual({ status: 200, connection: [], upgrade: [] });
  });
});

describe('F26 an upgrade with a body is refused', () => {
  test.each([
    ['of a length', 'Content-Length: 2', 'ok'],
    ['in chunks', 'Transfer-Encoding: chunked', '0\r\n\r\n'],
  ])('%s', async (_name, line, body) => {
    const stage = await setStage();
    const lines = ['GET /api/x HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', line];
    await stage.refuses(raw(lines, body), 400, 'bad_request');
  });
});

describe('a handshake is guarded as any request', () => {
  const handshake = (target: string, ...lines: string[]) =>
    raw([`GET ${target} HTTP/1.1`, 'Connection: Upgrade', 'Upgrade: websocket', ...lines]);

  test.each([
    ['from a page', handshake('/api/x', 'Host: localhost', 'Origin: https://evil.example'), 403, 'origin_denied'],
    ['to a name that is not ours', handshake('/api/x', 'Host: evil.example'), 421, 'host_denied'],
    ['to another host', handshake('http://evil.example/x', 'Host: localhost'), 403, 'forward_denied'],
    ['out of its prefix', handshake('/api/../x', 'Host: localhost'), 400, 'bad_request'],
    ['to nowhere', handshake('/nowhere', 'Host: localhost'), 404, 'no_route'],
  ])('%s', async (_name, bytes, status, code) => {
    const stage = await setStage();
    await stage.refuses(bytes, status, code);
  });

  test('B10 whose connection ends behind the refusal of a page: what came with it is not served', async () => {
    const stage = await setStage();
    const page = ['Host: localhost', 'Origin: https://evil.example'];
    const before = stage.api.requests.length;
    const received = await exchangeRaw(
      stage.proxy.port,
      handshake('/api/x', ...page) + raw(['GET /api/y HTTP/1.1', 'Host: localhost']),
    );
    const replies = repliesIn(received);
    expect(replies.map(({ status, code }) => ({ status, code }))).toEqual([{ status: 403, code: 'origin_denied' }]);
    expect(replies[0]?.get('connection')).toBe('close');
    expect(stage.api.requests).toHaveLength(before);
  });

  test('and has no token but ours', async () => {
    const provider = await startIdentityProvider();
    const recorder = await startRecorder();
    const proxy = await startProxy(oneRoute(recorder, provider));
    await ask(proxy.port, handshake('/api/x', 'Host: localhost', 'Authorization: Bearer theirs'));
    expect(recorder.messages[0]?.all('authorization')).toEqual([`Bearer ${provider.issued[0]}`]);
  });
});

describe('websocket: false', () => {
  test('a handshake is refused with words that help, and reaches no API', async () => {
    const stage = await setStage({ route: { websocket: false } });
    const lines = ['GET /api/x HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket'];
    const reply = await stage.refuses(raw(lines), 403, 'path_denied');
    expect(reply.body).toContain('websocket');
  });

  test('what is no upgrade goes on as ever', async () => {
    const stage = await setStage({ route: { websocket: false } });
    await stage.passes(raw(['GET /api/x HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: h2c']));
    await stage.passes(raw(['GET /api/x HTTP/1.1', 'Host: localhost', 'Upgrade: websocket']));
  });
});

describe('a handshake that is not answered with a 101 has changed nothing: what follows is HTTP', () => {
  const handshake = raw(['GET /api/first HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket']);
  const hidden = raw(['GET /api/hidden HTTP/1.1', 'Host: localhost', 'Authorization: Bearer theirs']);

  // RFC 9110 §7.8: whoever ignores an Upgrade goes on in HTTP/1.1; RFC 9112 §9.3.2: in the order of the requests.
  test.each([
    ['200', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['403', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'],
    ['426', 'HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n'],
    [
      'a 200 that says it were one',
      'HTTP/1.1 200 OK\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n',
    ],
    ['a 502 of ours for a 101 of something else', 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n'],
  ])('%s: a request right behind it is a request, guarded and with our token', async (_name, bytes) => {
    const provider = await startIdentityProvider();
    const api = await startRawApi(async (connection) => {
      const first = (await connection.until(hasHead)).startsWith('GET /first');
      connection.send(first ? bytes : 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext');
    });
    const proxy = await startProxy(oneRoute(api, provider));
    const client = await connectRaw(proxy.port);
    client.send(handshake + hidden + raw(['GET /nowhere HTTP/1.1', 'Host: localhost']));
    const replies = repliesIn(await client.until((text) => repliesIn(text).length === 3));
    expect(replies.slice(1).map(({ status, body }) => [status, body.slice(0, 4)])).toEqual([
      [200, 'next'],
      [404, '{"ty'],
    ]);
    // The second came on another connection, as a request of its own.
    expect(api.connections).toHaveLength(2);
    expect(api.connections[0]?.received).not.toContain('hidden');
    expect(api.connections[1]?.received).toMatch(/^GET \/hidden HTTP\/1\.1\r\n/);
    expect(api.connections[1]?.received).toContain(`Bearer ${provider.issued[0]}`);
    expect(api.connections[1]?.received).not.toContain('theirs');
    expect((await proxy.served(3)).map(({ path }) => path)).toEqual(['/api/first', '/api/hidden', '/nowhere']);
    expect(replies[0]?.get('upgrade')).toBeUndefined();
  });

  test('a 101: nothing is a request any more, nor has a token', async () => {
    const provider = await startIdentityProvider();
    const api = await startRawApi(async (connection) => {
      await connection.until(hasHead);
      connection.send('HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n\r\n');
    });
    const proxy = await startProxy(oneRoute(api, provider));
    const client = await connectRaw(proxy.port);
    client.send(handshake + hidden);
    await client.until(hasHead);
    client.send('.');
    const connection = await api.connection();
    expect(behindHead(await connection.until((text) => text.endsWith('.')))).toBe(`${hidden}.`);
    expect(client.received).toBe('HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n');
  });
});

test('bytes without an end behind a handshake that is not answered hold the client back, and go through behind the 101', async () => {
  const LARGE = 64 * 1024 * 1024;
  const api = await startRawApi();
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  const client = await connectRaw(proxy.port);
  client.send(raw(['GET /api/x HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: x']));
  client.socket.write(Buffer.alloc(LARGE));
  const connection = await api.connection();
  await connection.until(hasHead);
  let left = -1;
  for (let quiet = 0; quiet < 200; ) {
    const now = client.socket.bytesWritten - client.socket.writableLength;
    quiet = now === left ? quiet + 1 : 0;
    left = now;
    await new Promise((next) => setImmediate(next));
  }
  expect(left).toBeLessThan(16 * 1024 * 1024);
  expect(behindHead(connection.received)).toBe('');
  let came = 0;
  const all = new Promise<void>((resolve) => {
    connection.socket.removeAllListeners('data').on('data', ({ length }: Buffer) => {
      came += length;
      if (came === LARGE) resolve();
    });
  });
  connection.send(SWITCHING);
  await all;
});
