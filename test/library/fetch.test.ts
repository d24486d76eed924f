/** Requests that a program sends by its own proxy. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { folder } from '../cli/command.ts';
import { CLIENT_TOKEN, expectNoCanary, TOKEN_PREFIX } from '../support/canary.ts';
import { selfSigned } from '../support/certificate.ts';
import { seenHeaders, stage } from './proxy.ts';

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** More than is held of an answer for who does not read it. */
const LARGE = 4 * 1024 * 1024;

describe('fetch by the routes of a proxy', () => {
  test('puts the token on, and takes a path with a prefix or a URL of an upstream', async () => {
    const { api, proxy } = await stage();
    await proxy.start();
    expect((await proxy.fetch('/api/v1/x?y=%2F1')).status).toBe(200);
    expect((await proxy.fetch(new URL(`${api.url}/z#part`))).status).toBe(200);
    expect(api.requests.map(({ url }) => url)).toEqual(['/v1/x?y=%2F1', '/z']);
    expect(seenHeaders(api)['authorization']).toBe(`Bearer ${TOKEN_PREFIX}1`);
  });

  const bytes = Buffer.from('canary-free body, é');
  const form = new FormData();
  form.set('a', 'b');
  test.each([
    ['text', 'a body'],
    ['bytes', bytes],
    ['parameters', new URLSearchParams({ a: 'b c' })],
    ['a form', form],
    ['a blob', new Blob([bytes], { type: 'text/plain' })],
    ['a stream', new Blob([bytes]).stream()],
  ])('sends %s again once a 401 has been answered by a new token', async (_, body) => {
    const { api, provider, proxy } = await stage();
    await proxy.start();
    api.rejectOnce();
    const answer = await proxy.fetch('/api/x', { method: 'POST', body });
    expect([answer.status, answer.headers.get('bearerway-retry')]).toEqual([200, 'done']);
    expect(provider.issued).toHaveLength(2);
    const [first, second] = api.requests;
    expect(second?.bodySha256).toBe(first?.bodySha256);
    expect(second?.bodyLength).toBeGreaterThan(0);
  });

  test('answers what has no route, or gets no token, with a problem', async () => {
    const { provider, proxy, told } = await stage();
    provider.answerAlways({ status: 400, body: { error: 'invalid_client' } });
    await proxy.start();
    const replies = [
      await proxy.fetch('/nowhere'),
      await proxy.fetch('/api/x'),
      await proxy.fetch('https://evil.example/x'),
    ];
    const codes = await Promise.all(replies.map(async (reply) => Object(await reply.json())['code']));
    expect(codes).toEqual(['no_route', 'token_refused', 'forward_denied']);
    expect((await told(3)).map(({ error }) => error)).toEqual(codes);
  });

  test('needs no client token, wherever the proxy listens, and hands none on', async () => {
    const socket = `${await folder()}/proxy.sock`;
    const { cert, key } = selfSigned('localhost');
    for (const listen of [
      { port: 0, clientToken: CLIENT_TOKEN },
      { socket },
      { port: 0, tls: { cert, key, clientCa: cert } },
    ]) {
      const { api, proxy } = await stage({ listen });
      await proxy.start();
      expect((await proxy.fetch('/api/x', { headers: { Host: 'other.example', Connection: 'close' } })).status).toBe(
        200,
      );
      expect(JSON.stringify(seenHeaders(api))).not.toContain(CLIENT_TOKEN);
      expect(seenHeaders(api)['host']).toBe(new URL(api.url).host);
    }
  });

  test('gives redirects as they are, or rejects if they are errors', async () => {
    const { api, proxy } = await stage();
    await proxy.start();
    api.behave((_, response) => response.writeHead(302, { Location: 'https://evil.example/' }).end());
    const answer = await proxy.fetch('/api/x');
    expect([answer.status, answer.headers.get('location')]).toEqual([302, 'https://evil.example/']);
    await expect(proxy.fetch('/api/x', { redirect: 'error' })).rejects.toThrow(TypeError);
  });

  test('gives a large answer whole, as it is read', async () => {
    const { api, proxy } = await stage();
    await proxy.start();
    const large = Buffer.alloc(LARGE, 'abcdefg');
    api.behave((_, response) => response.end(large));
    const answer = await proxy.fetch('/api/x');
    expect(sha256(Buffer.from(await answer.arrayBuffer()))).toBe(sha256(large));
  });

  test('reads the body of an answer that breaks off to an error', async () => {
    const { api, proxy } = await stage();
    await proxy.start();
    api.behave((request, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('some', () => request.socket.destroy());
    });
    const answer = await proxy.fetch('/api/x');
    await expect(answer.text()).rejects.toMatchObject({ name: 'BearerwayError', code: 'upstream_reset' });
  });

  test('ends with its signal, and the API is told', async () => {
    const { api, proxy, told } = await stage();
    await proxy.start();
    const left = Promise.withResolvers<void>();
    const came = Promise.withResolvers<void>();
    api.behave((request) => {
      request.socket.on('close', left.resolve);
      came.resolve();
    });
    const controller = new AbortController();
    const answer = proxy.fetch('/api/x', { signal: controller.signal });
    await came.promise;
    controller.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    await left.promise;
    expect((await told(1))[0]).toMatchObject({ error: 'client_left', client: 'in-process' });
    await expect(proxy.fetch('/api/x', { signal: controller.signal })).rejects.toThrow('enough');
  });

  test('is cut off by stop when its time is over, and takes nothing behind it', async () => {
    const { api, proxy } = await stage();
    await proxy.start();
    const came = Promise.withResolvers<void>();
    api.behave(() => came.resolve());
    const answer = proxy.fetch('/api/x');
    const cut = expect(answer).rejects.toMatchObject({ code: 'shut_down' });
    await came.promise;
    await proxy.stop();
    await cut;
    await expect(proxy.fetch('/api/x')).rejects.toMatchObject({ code: 'not_running' });
  });

  test('is finished by stop while there is time', async () => {
    const { api, proxy } = await stage({ shutdown: { timeout: '1m' } });
    await proxy.start();
    const came = Promise.withResolvers<() => void>();
    api.behave((_, response) => came.resolve(() => response.end('whole')));
    const answer = proxy.fetch('/api/x');
    const goOn = await came.promise;
    const stopped = proxy.stop();
    goOn();
    expect(await (await answer).text()).toBe('whole');
    await stopped;
  });

  test('tells nothing secret of what went on', async () => {
    const lines: unknown[] = [];
    const log = (members: object, message: string): void => {
      lines.push({ ...members, message });
    };
    const logger = { trace: log, debug: log, info: log, warn: log, error: log };
    const { api, proxy, told } = await stage({ log: { level: 'trace' } }, { log: logger });
    const tokens: unknown[] = [];
    proxy.on('token', (token) => tokens.push(token));
    await proxy.start();
    api.rejectOnce();
    await proxy.fetch('/api/x?q=1');
    const all = JSON.stringify([lines, tokens, await told(1)]);
    expectNoCanary(all, 'what was told');
    expect(all).not.toContain('q=1');
    expect(tokens).toEqual([1, 2].map(() => ({ credential: 'main', ok: true, expiresAt: expect.any(Date) })));
    expect(lines).toContainEqual(expect.objectContaining({ message: 'request', status: 200 }));
  });
});
