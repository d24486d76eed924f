import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { MovedClock } from '../support/clock.ts';
import { call, newToken, order, raw, sandboxFor, send, state, tokenRequests } from './visitors.ts';

describe('the server', () => {
  test('tells its own address', async () => {
    const { url, port } = await sandboxFor();
    expect(port).toBeGreaterThan(0);
    expect(url).toBe(`http://127.0.0.1:${port}`);
  });

  test('explains itself at /', async () => {
    const { url } = await sandboxFor();
    const response = await fetch(url);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    const page = await response.text();
    for (const said of [
      ...['POST /nitro/oauth/token', 'POST /podero/oauth2/token/', 'POST /optty/token?expires_in=1'],
      ...['POST /spotnana/v2/auth/oauth2-token', '/_sandbox/nitro', '/nitro/anything'],
      ...['revoke', 'lifetime', 'tokenStatus', 'apiStatus', 'times', 'retryAfter', 'delay', 'answer'],
    ]) {
      expect(page).toContain(said);
    }
    expect(page).toContain(`${url}/_sandbox/spotnana`);
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  });

  test.each(['/nitrogen', '/Nitro/x', '//nitro/x', '/constructor/x', '/favicon.ico'])('knows no %s', async (path) => {
    expect(await raw(await sandboxFor(), [`GET ${path} HTTP/1.1`])).toMatch(/^HTTP\/1\.1 404 /);
  });

  test('answers a target that is no path', async () => {
    expect(await raw(await sandboxFor(), ['OPTIONS * HTTP/1.1'])).toMatch(/^HTTP\/1\.1 404 /);
  });

  test('takes an upgrade it does not know for a plain request', async () => {
    const sandbox = await sandboxFor();
    const token = await newToken(sandbox, 'nitro');
    const head = ['GET /nitro/socket HTTP/1.1', `Authorization: Bearer ${token}`, 'Upgrade: websocket'];
    expect(await raw(sandbox, head)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('rejects with the system’s error when the port is taken', async () => {
    const { port } = await sandboxFor();
    await expect(startSandbox({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('a connection', () => {
  test.each<[string, string, number]>([
    ['a token request that is too large', tokenRequests.nitro.path, 413],
    ['an upload without a token', '/nitro/upload', 401],
    ['a fault that is too large', '/_sandbox/nitro', 413],
    ['an upload to nowhere', '/nowhere', 404],
  ])('stays usable after %s', async (_, path, status) => {
    const sandbox = await sandboxFor();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const large = Buffer.alloc(3 * 1024 * 1024, ' ');
    expect(await exchange(sandbox, agent, { path, body: large })).toEqual({ status, reused: false });
    expect(await exchange(sandbox, agent, { path: '/_sandbox/nitro', body: '{}' })).toEqual({
      status: 200,
      reused: true,
    });
  });

  test('may end in the middle of a body', async () => {
    const sandbox = await sandboxFor();
    const token = await newToken(sandbox, 'nitro');
    const targets = [tokenRequests.nitro.path, '/nitro/upload', '/_sandbox/nitro'];
    await Promise.all(
      targets.map(async (target) => {
        const socket = connect(sandbox.port, '127.0.0.1');
        const head = [`POST ${target} HTTP/1.1`, 'Host: sandbox', `Authorization: Bearer ${token}`];
        head.push('Content-Type: application/json', 'Content-Length: 100', 'Expect: 100-continue', '', '');
        socket.write(head.join('\r\n'));
        await once(socket, 'data');
        socket.write('{"client');
        socket.resetAndDestroy();
      }),
    );
    expect((await call(sandbox, '/nitro/x', token)).status).toBe(200);
    expect(await state(sandbox, 'nitro')).toMatchObject({ tokensIssued: 1, tokenRequests: 2, apiRequests: 2 });
  });
});

describe('close', () => {
  test('ends connections that are kept alive', async () => {
    const sandbox = await startSandbox({ port: 0 });
    const socket = connect(sandbox.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: sandbox\r\n\r\n');
    await once(socket, 'readable');
    await sandbox.close();
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /);
    await expect(fetch(sandbox.url)).rejects.toThrow();
  });

  test('ends answers that are held back, and their timers', async () => {
    const clock = new MovedClock();
    const sandbox = await startSandbox({ port: 0, clock });
    await order(sandbox, 'nitro', { delay: '24h' });
    const held = expect(send(sandbox, tokenRequests.nitro)).rejects.toThrow();
    await clock.untilWaiting(1);
    await sandbox.close();
    await held;
    expect(clock.waiting).toBe(0);
  });

  test('ends pipelined requests, too', async () => {
    const clock = new MovedClock();
    const sandbox = await startSandbox({ port: 0, clock });
    await order(sandbox, 'nitro', { delay: '24h' });
    const socket = connect(sandbox.port, '127.0.0.1');
    socket.write('GET /nitro/x HTTP/1.1\r\nHost: sandbox\r\n\r\n'.repeat(3));
    await clock.untilWaiting(3);
    await Promise.all([sandbox.close(), once(socket, 'close'), text(socket)]);
    expect(clock.waiting).toBe(0);
  });

  test('may be called again', async () => {
    const sandbox = await startSandbox({ port: 0 });
    await Promise.all([sandbox.close(), sandbox.close()]);
    await sandbox.close();
  });
});

async function exchange(sandbox: Sandbox, agent: Agent, { path, body }: { path: string; body: string | Buffer }) {
  const request = httpRequest(`${sandbox.url}${path}`, {
    method: 'POST',
    agent,
    headers: { 'Content-Type': 'application/json', 'Content-Length': body.length },
  });
  const sent = new Promise<void>((resolve) => request.end(body, resolve));
  const [response] = await once(request, 'response');
  await Promise.all([sent, text(response)]);
  return { status: response.statusCode, reused: request.reusedSocket };
}
