/** What an egress proxy can do wrong, in each phase, and what the client is told: that it was the proxy, and not where it is. */
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { selfSigned } from '../support/certificate.ts';
import { connectRaw, type RawConnection } from '../support/client.ts';
import { type ConnectBehaviour, startEgressProxy } from '../support/egress-proxy.ts';
import { API_NAME, namedIdentity, startNamedApi } from '../support/named-api.ts';
import { startProxy } from '../support/proxy.ts';
import { answering, hasHead, startRawApi } from '../support/raw-api.ts';
import { listening } from '../support/server.ts';

const OK = 'HTTP/1.1 200 OK\r\n\r\n';

/** One route to a named API with TLS, and a request on it. */
async function ask(proxyUrl: string, more: { egress?: object; upstream?: string } = {}) {
  const { upstream = `https://${API_NAME}` } = more;
  const proxy = await startProxy({
    egress: { proxy: proxyUrl, ca: [namedIdentity.cert], ...more.egress },
    routes: [{ prefix: '/api', upstream, plaintext: upstream.startsWith('http:') }],
  });
  const reply = await proxy.call('/api/x');
  expect(reply.text).not.toContain('127.0.0.1');
  expect(reply.text).not.toContain(new URL(proxyUrl).port);
  const isProblem = reply.headers['content-type'] === 'application/problem+json';
  return { proxy, reply, problem: isProblem ? reply.json() : {}, line: (await proxy.served(1))[0] };
}

/** What it gets to read is not looked at. */
function saying(bytes: string): ConnectBehaviour {
  return (socket) => void socket.resume().end(bytes, 'latin1');
}

function breakingOff(socket: Duplex): void {
  socket.destroy();
}

/** A CONNECT always comes on a socket. */
function resetting(socket: Duplex): void {
  (socket as Socket).resetAndDestroy();
}

describe('the answer to a CONNECT', () => {
  const unreachable = ['upstream_unreachable', 502] as const;
  const invalid = ['upstream_invalid', 502] as const;
  const broken = "the egress proxy's answer breaks HTTP: ";
  test.each<readonly [string, ConnectBehaviour, readonly [string, number], string]>([
    ['403', saying('HTTP/1.1 403 Forbidden\r\n\r\nno'), unreachable, 'the egress proxy refuses the connection (403)'],
    [
      '407',
      saying('HTTP/1.1 407 Who\r\n\r\n'),
      unreachable,
      'the egress proxy asks for credentials (407), which its address has none of',
    ],
    [
      '502',
      saying('HTTP/1.1 502 Bad\r\nContent-Length: 9\r\n\r\n'),
      unreachable,
      'the egress proxy refuses the connection (502)',
    ],
    [
      '503 after interim ones',
      saying('HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 503 No\r\n\r\n'),
      unreachable,
      'the egress proxy refuses the connection (503)',
    ],
    [
      'a redirect',
      saying('HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n'),
      unreachable,
      'the egress proxy refuses the connection (302)',
    ],
    ['none', saying(''), unreachable, 'the egress proxy broke the connection off'],
    ['half of one', saying('HTTP/1.1 200 OK\r\nVia: x'), unreachable, 'the egress proxy broke the connection off'],
    ['an end', breakingOff, unreachable, 'the egress proxy broke the connection off'],
    ['a reset', resetting, unreachable, 'the egress proxy broke the connection off'],
    ['another protocol', saying('SSH-2.0-OpenSSH_9\r\n'), invalid, `${broken}the status line is not one of HTTP/1.1`],
    ['HTTP/2', saying('HTTP/2 200 OK\r\n\r\n'), invalid, `${broken}the status line is not one of HTTP/1.1`],
    ['line ends without CR', saying('HTTP/1.1 200 OK\n\n'), invalid, `${broken}a line ends without CR`],
    ['bytes behind it', saying(`${OK}x`), invalid, `${broken}something stands behind the answer that opens a tunnel`],
    ['101', saying('HTTP/1.1 101 Switching\r\n\r\n'), invalid, `${broken}an interim answer that nobody can use`],
    [
      'interim ones without end',
      saying('HTTP/1.1 103 Hints\r\n\r\n'.repeat(100)),
      invalid,
      `${broken}an interim answer that nobody can use`,
    ],
    ['fields without end', saying(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(100_000)}`), invalid, `${broken}more than`],
    [
      'a line without end',
      saying(`HTTP/1.1 200 ${'x'.repeat(1_000_000)}`),
      invalid,
      `${broken}the status line is too long`,
    ],
  ])('%s', async (_, behaviour, [code, status], detail) => {
    const egress = await startEgressProxy();
    egress.behave(behaviour);
    const { problem, line } = await ask(egress.url);
    expect(problem).toMatchObject({ code, status, detail: expect.stringContaining(detail) });
    expect(line).toMatchObject({ error: code, reason: expect.stringContaining(detail) });
  });

  test.each([
    ['HTTP/1.0', 'HTTP/1.0 200 Connection established\r\n\r\n'],
    ['204', 'HTTP/1.1 204 Tunnel\r\n\r\n'],
    ['a length, which means nothing there', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n'],
    ['a coding and a length', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n'],
    ['a coding that nobody knows', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n'],
    ['interim ones in front of it', `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n${OK}`],
  ])('opens the tunnel all the same with %s', async (_, head) => {
    const api = await startNamedApi(namedIdentity);
    const egress = await startEgressProxy();
    egress.behave((socket) => egress.join(socket, api.url, head));
    expect((await ask(egress.url)).reply.text).toBe(`/x of ${API_NAME}`);
  });
});

test('credentials that the proxy refuses are told as such', async () => {
  const egress = await startEgressProxy();
  egress.guarded = true;
  const { problem, line } = await ask(egress.url.replace('://', '://me:wrong@'));
  expect(problem).toMatchObject({
    code: 'upstream_unreachable',
    detail: 'the egress proxy refuses the credentials of its address (407)',
  });
  expect(line?.['reason']).toContain(`127.0.0.1:${egress.port} answered 407`);
  expect(egress.asked).toHaveLength(1);
});

test('a proxy that nobody is at', async () => {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  const { problem, line } = await ask(`http://127.0.0.1:${port}`);
  expect(problem).toMatchObject({
    code: 'upstream_unreachable',
    detail: 'no connection to the egress proxy could be made',
  });
  expect(line?.['reason']).toContain('ECONNREFUSED');
});

test.each([
  ['the proxy behind https:// shows what nobody vouches for', selfSigned(), 'the identity of the egress proxy'],
  ['the proxy behind https:// speaks no TLS', undefined, 'the identity of the egress proxy'],
])('%s', async (_, identity, detail) => {
  const egress = await startEgressProxy(identity);
  const { problem } = await ask(egress.url.replace('http:', 'https:'));
  expect(problem).toMatchObject({ code: 'upstream_tls', detail: expect.stringContaining(detail) });
  expect(egress.asked).toEqual([]);
});

describe('in the tunnel', () => {
  test.each([
    ['somebody with the certificate of another name', selfSigned('elsewhere.test'), []],
    ['somebody whom nobody vouches for', selfSigned(API_NAME), [namedIdentity.cert]],
  ])('%s is not taken for the API', async (_, identity, ca) => {
    const api = await startNamedApi(identity);
    const egress = await startEgressProxy();
    egress.knows(`${API_NAME}:443`, api.url);
    const { problem } = await ask(egress.url, { egress: { ca: ca.length === 0 ? [identity.cert] : ca } });
    expect(problem).toMatchObject({
      code: 'upstream_tls',
      detail: expect.stringContaining('behind the egress proxy'),
    });
    expect(api.requests).toEqual([]);
  });

  test.each([
    ['the end', saying(OK)],
    ['a reset', (socket: Duplex) => void socket.write(OK, () => resetting(socket))],
    [
      'something other than TLS',
      (socket: Duplex) => void socket.once('data', () => socket.end('HTTP/1.1 400 No\r\n\r\n')).write(OK),
    ],
  ])('%s in place of a TLS handshake', async (_, behaviour) => {
    const egress = await startEgressProxy();
    egress.behave(behaviour);
    const { problem } = await ask(egress.url);
    expect(problem).toMatchObject({
      code: 'upstream_tls',
      detail: expect.stringContaining('behind the egress proxy'),
    });
  });

  test('a proxy that goes before the answer has begun: upstream_reset', async () => {
    const api = await startNamedApi(namedIdentity);
    const egress = await startEgressProxy();
    egress.knows(`${API_NAME}:443`, api.url);
    api.answer = () => {
      for (const socket of egress.open) socket.destroy();
    };
    const { problem } = await ask(egress.url);
    expect(problem).toMatchObject({ code: 'upstream_reset', status: 502 });
  });

  test('a proxy that goes in the middle of the answer cuts the client, who never takes it for whole', async () => {
    const api = await startNamedApi(namedIdentity);
    const egress = await startEgressProxy();
    egress.knows(`${API_NAME}:443`, api.url);
    api.answer = (response) => response.writeHead(200, { 'content-length': 10 }).write('begun');
    const proxy = await startProxy({
      egress: { proxy: egress.url, ca: [namedIdentity.cert] },
      routes: [{ prefix: '/api', upstream: `https://${API_NAME}` }],
    });
    const client = await connectRaw(proxy.port);
    client.send('GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await client.until((text) => text.endsWith('begun'));
    for (const socket of egress.open) socket.destroy();
    expect(await client.toEnd()).toMatch(/begun$/);
    expect((await proxy.served(1))[0]).toMatchObject({ error: 'upstream_reset' });
  });
});

describe('requests that are passed on', () => {
  test('a 407 is the proxy’s, and not for the client', async () => {
    const egress = await startEgressProxy();
    egress.guarded = true;
    const { reply, problem } = await ask(egress.url, { upstream: `http://${API_NAME}` });
    expect(problem).toMatchObject({
      code: 'upstream_unreachable',
      status: 502,
      detail: 'the egress proxy asks for credentials (407), which its address has none of',
    });
    expect(reply.headers['proxy-authenticate']).toBeUndefined();
  });

  test('any other answer is the client’s, as nobody can tell whose it is', async () => {
    const egress = await startEgressProxy();
    const proxy = await startProxy({
      egress: { proxy: egress.url },
      routes: [{ prefix: '/api', upstream: 'http://nowhere.test', plaintext: true }],
    });
    const reply = await proxy.call('/api/x');
    expect([reply.status, reply.text]).toEqual([502, 'no such place']);
  });

  test.each([
    ['breaks off', (connection: RawConnection) => void connection.socket.destroy(), 'upstream_reset'],
    ['answers what is no HTTP', answering('SSH-2.0-OpenSSH_9\r\n'), 'upstream_invalid'],
  ])('a proxy that %s is named', async (_, behaviour, code) => {
    const egress = await startRawApi(async (connection) => {
      await connection.until(hasHead);
      await behaviour(connection);
    });
    const { problem } = await ask(egress.url, { upstream: `http://${API_NAME}` });
    expect(problem).toMatchObject({ code, detail: expect.stringContaining('egress proxy') });
  });
});
