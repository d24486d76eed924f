import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { json } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { MovedClock } from '../support/clock.ts';
import {
  call,
  members,
  newToken,
  order,
  providerNames,
  raw,
  sandboxFor,
  send,
  state,
  tokenRequests,
} from './visitors.ts';

function bodyOf(answer: string): unknown {
  return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

describe('the echo', () => {
  test.each(providerNames)('%s tells what it was sent', async (provider) => {
    const sandbox = await sandboxFor();
    const token = await newToken(sandbox, provider);
    const response = await fetch(`${sandbox.url}/${provider}/v1/orders?a=1&a=%20`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'X-Trace': 'abc' },
      body: 'hello',
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    const echo = await members(response);
    expect(Object.keys(echo)).toEqual([
      ...['provider', 'method', 'path', 'query', 'headers'],
      ...['bodySha256', 'bodyLength', 'tokenNumber'],
    ]);
    expect(echo).toMatchObject({
      provider,
      method: 'POST',
      path: '/v1/orders',
      query: 'a=1&a=%20',
      headers: { authorization: 'Bearer ***', 'x-trace': 'abc', 'content-length': '5' },
      bodySha256: sha256('hello'),
      bodyLength: 5,
      tokenNumber: 1,
    });
  });

  test('leaves path and query as they came, and joins repeated fields as an array', async () => {
    const sandbox = await sandboxFor();
    const token = await newToken(sandbox, 'nitro');
    const answer = await raw(sandbox, [
      'GET /nitro/a%2Fb//../%252e?q=?&%zz HTTP/1.1',
      ...[`Authorization: Bearer ${token}`, 'X-Twice: one', 'x-twice: two', '__proto__: three'],
    ]);
    const echo = bodyOf(answer);
    expect(echo).toMatchObject({ path: '/a%2Fb//../%252e', query: 'q=?&%zz', headers: { 'x-twice': ['one', 'two'] } });
    expect(JSON.stringify(echo)).toContain('"__proto__":"three"');
  });

  test('drops no field, however many there are', async () => {
    const sandbox = await sandboxFor();
    const token = await newToken(sandbox, 'nitro');
    const many = Array.from({ length: 1500 }, (_, i) => `x-${i}: y`);
    const answer = await raw(sandbox, ['GET /nitro/x HTTP/1.1', `Authorization: Bearer ${token}`, ...many]);
    expect(bodyOf(answer)).toMatchObject({ headers: { 'x-0': 'y', 'x-1499': 'y' } });
  });

  test.each<[string, string, string, string]>([
    ['nothing below the prefix', '/nitro', '', ''],
    ['nothing but a query', '/nitro?x', '', 'x'],
    ['a slash', '/nitro/', '/', ''],
    ['an absolute-form target', 'http://sandbox:9100/nitro/v1?x', '/v1', 'x'],
  ])('answers %s', async (_, target, path, query) => {
    const sandbox = await sandboxFor();
    const token = await newToken(sandbox, 'nitro');
    const answer = await raw(sandbox, [`GET ${target} HTTP/1.1`, `Authorization: bearer ${token}`]);
    expect(bodyOf(answer)).toMatchObject({ path, query, headers: { authorization: 'bearer ***' } });
  });

  test('shows the token nowhere', async () => {
    const sandbox = await sandboxFor();
    const token = await newToken(sandbox, 'podero');
    const answer = await raw(sandbox, [
      `GET /podero/${token}?access_token=${token} HTTP/1.1`,
      ...[`Authorization: Bearer ${token}`, `X-Copy: <${token}>`],
    ]);
    expect(answer).not.toContain(token);
    expect(bodyOf(answer)).toMatchObject({
      path: '/***',
      query: 'access_token=***',
      headers: { authorization: 'Bearer ***', 'x-copy': '<***>' },
    });
  });

  test('hashes a chunked body and one that waits for 100 Continue', async () => {
    const sandbox = await sandboxFor();
    const token = await newToken(sandbox, 'optty');
    expect(await streamed(sandbox, token, {})).toMatchObject({ bodyLength: 11, bodySha256: sha256('hello world') });
    const echo = await streamed(sandbox, token, { Expect: '100-continue' });
    expect(echo).toMatchObject({ bodyLength: 11, headers: { expect: '100-continue' } });
  });

  test('says to HEAD what it would say to GET, without the body', async () => {
    const sandbox = await sandboxFor();
    const token = await newToken(sandbox, 'nitro');
    const answer = await raw(sandbox, ['HEAD /nitro/anything HTTP/1.1', `Authorization: Bearer ${token}`]);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/\r\nContent-Length: [1-9]\d+\r\n/);
    expect(answer).toMatch(/\r\n\r\n$/);
  });

  test('numbers the tokens of each provider on its own', async () => {
    const sandbox = await sandboxFor();
    const tokens = [await newToken(sandbox, 'nitro'), await newToken(sandbox, 'nitro')];
    const numbers = await Promise.all(
      tokens.map(async (token) => (await members(await call(sandbox, '/nitro/x', token))).tokenNumber),
    );
    expect(numbers).toEqual([1, 2]);
    const other = await newToken(sandbox, 'podero');
    expect(await members(await call(sandbox, '/podero/x', other))).toMatchObject({ tokenNumber: 1 });
  });
});

describe('without a current token the API answers 401', () => {
  test.each<[string, (token: string) => string[]]>([
    ['none', () => []],
    ['a made-up one', () => ['Authorization: Bearer made-up']],
    ['another scheme', (token) => [`Authorization: Basic ${token}`]],
    ['one of two fields', (token) => [`Authorization: Bearer ${token}`, 'Authorization: Bearer x']],
    ['one with something behind it', (token) => [`Authorization: Bearer ${token} x`]],
    ['one in the query', () => []],
  ])('%s', async (_, lines) => {
    const sandbox = await sandboxFor();
    const token = await newToken(sandbox, 'nitro');
    const answer = await raw(sandbox, [`GET /nitro/x?access_token=${token} HTTP/1.1`, ...lines(token)]);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toMatch(/\r\nWWW-Authenticate: Bearer error="invalid_token"\r\n/);
    expect(bodyOf(answer)).toMatchObject({ error: 'invalid_token' });
    expect(await state(sandbox, 'nitro')).toMatchObject({ apiRequests: 1 });
  });

  test('another provider’s token', async () => {
    const sandbox = await sandboxFor();
    expect((await call(sandbox, '/spotnana/x', await newToken(sandbox, 'nitro'))).status).toBe(401);
  });

  test('a token is current until its lifetime is over, beside those issued after it', async () => {
    const clock = new MovedClock();
    const sandbox = await sandboxFor({ clock });
    const first = await newToken(sandbox, 'spotnana');
    clock.advance(3_599_999);
    const second = await newToken(sandbox, 'spotnana');
    expect((await call(sandbox, '/spotnana/x', first)).status).toBe(200);
    clock.advance(1);
    expect((await call(sandbox, '/spotnana/x', first)).status).toBe(401);
    expect((await call(sandbox, '/spotnana/x', second)).status).toBe(200);
  });

  test('the lifetime that the sandbox was started with holds for every provider, and is told', async () => {
    const clock = new MovedClock();
    const sandbox = await sandboxFor({ clock, lifetimeMs: 1_500 });
    const answer = await members(await send(sandbox, tokenRequests.podero));
    expect(answer).toMatchObject({ expires_in: 1.5 });
    clock.advance(1_500);
    expect((await call(sandbox, '/podero/x', String(answer.access_token))).status).toBe(401);
  });

  test('revoked tokens are refused, later ones are not', async () => {
    const sandbox = await sandboxFor();
    const revoked = [await newToken(sandbox, 'nitro'), await newToken(sandbox, 'nitro')];
    const elsewhere = await newToken(sandbox, 'podero');
    expect((await order(sandbox, 'nitro', { revoke: true })).status).toBe(200);
    for (const token of revoked) expect((await call(sandbox, '/nitro/x', token)).status).toBe(401);
    expect((await call(sandbox, '/podero/x', elsewhere)).status).toBe(200);
    const later = await call(sandbox, '/nitro/x', await newToken(sandbox, 'nitro'));
    expect(await members(later)).toMatchObject({ tokenNumber: 3 });
  });
});

/** Sends a body of unknown length in two pieces, the second once the first is on its way or was asked for. */
async function streamed(sandbox: Sandbox, token: string, headers: Record<string, string>): Promise<unknown> {
  const request = httpRequest(`${sandbox.url}/optty/upload`, {
    method: 'PUT',
    headers: { Authorization: `Bearer ${token}`, 'Transfer-Encoding': 'chunked', ...headers },
  });
  const answered = new Promise<unknown>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => resolve(json(response)));
  });
  const write = () => request.write('hello ', () => request.end('world'));
  if (Object.hasOwn(headers, 'Expect')) request.on('continue', write).flushHeaders();
  else write();
  return answered;
}
