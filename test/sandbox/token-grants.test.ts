import { describe, expect, test } from 'vitest';
import { MovedClock } from '../support/clock.ts';
import {
  basic,
  members,
  newToken,
  order,
  providerNames,
  type Sent,
  sandboxFor,
  send,
  tokenRequests,
} from './visitors.ts';

const { nitro, podero, optty, spotnana } = tokenRequests;

describe('the request on the provider’s page is granted', () => {
  test('nitro answers in camelCase', async () => {
    const response = await send(await sandboxFor(), nitro);
    expect(response.status).toBe(200);
    expect(await members(response)).toEqual({
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      tokenType: 'Bearer',
      expiresIn: 86_400,
    });
  });

  test('nitro answers in the form of RFC 6749 when it was told to, and in camelCase again', async () => {
    const sandbox = await sandboxFor();
    await order(sandbox, 'nitro', { answer: 'rfc6749' });
    expect(await members(await send(sandbox, nitro))).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 86_400,
    });
    await order(sandbox, 'nitro', { answer: 'camelCase' });
    expect(Object.keys(await members(await send(sandbox, nitro)))).toEqual(['accessToken', 'tokenType', 'expiresIn']);
  });

  test('podero answers with ten hours and its scope', async () => {
    const response = await send(await sandboxFor(), podero);
    expect(response.status).toBe(200);
    expect(await members(response)).toEqual({
      access_token: expect.stringMatching(/^[A-Za-z0-9]{30}$/),
      expires_in: 36_000,
      token_type: 'Bearer',
      scope: 'read write',
    });
  });

  test('optty answers with a day, its scope, and a JWT that tells the same', async () => {
    const clock = new MovedClock();
    const response = await send(await sandboxFor({ clock }), optty);
    expect(response.status).toBe(200);
    const answer = await members(response);
    expect(answer).toEqual({
      access_token: expect.any(String),
      expires_in: 86_400,
      token_type: 'Bearer',
      scope: 'api-user',
    });
    const [header, claims, signature] = String(answer.access_token).split('.');
    const iat = Math.floor(clock.wallMs() / 1000);
    expect(decoded(header)).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(decoded(claims)).toMatchObject({ sub: 'sandbox', scope: 'api-user', iat, exp: iat + 86_400 });
    expect(Buffer.from(signature ?? '', 'base64url')).toHaveLength(32);
  });

  test('spotnana answers with an hour', async () => {
    const response = await send(await sandboxFor(), spotnana);
    expect(response.status).toBe(200);
    expect(await members(response)).toEqual({
      access_token: expect.stringMatching(/^[\w-]{64}$/),
      expires_in: 3_600,
      token_type: 'Bearer',
    });
  });

  test.each(providerNames)('%s never issues the same token twice, and no answer may be cached', async (name) => {
    const sandbox = await sandboxFor();
    const response = await send(sandbox, tokenRequests[name]);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('pragma')).toBe('no-cache');
    expect(response.headers.get('content-type')).toBe('application/json');
    const tokens = await Promise.all([1, 2, 3, 4].map(() => newToken(sandbox, name)));
    expect(new Set(tokens).size).toBe(4);
  });

  test.each<[string, Sent]>([
    ['a charset beside the media type', { ...nitro, headers: { 'content-type': 'Application/JSON; charset=utf-8' } }],
    ['a parameter it does not know', { ...spotnana, body: `${spotnana.body}&audience=x` }],
    [
      'a scheme in another case',
      { ...podero, headers: { ...podero.headers, authorization: basic('sandbox:sandbox-secret').replace('B', 'b') } },
    ],
    ['more in Cache-Control', { ...podero, headers: { ...podero.headers, 'cache-control': 'No-Cache, no-store' } }],
    ['more in the query', { ...optty, path: '/optty/token?x=1&expires_in=1' }],
  ])('%s is no fault', async (_, request) => {
    expect((await send(await sandboxFor(), request)).status).toBe(200);
  });

  test('another client is known when the sandbox was started with it, its secret taken as the bytes it is', async () => {
    const sandbox = await sandboxFor({ clientId: 'me', clientSecret: 'a:b +%2F&=é' });
    expect((await send(sandbox, nitro)).status).toBe(401);
    const headers = { ...podero.headers, authorization: basic('me:a:b +%2F&=é') };
    expect((await send(sandbox, { ...podero, headers })).status).toBe(200);
    const fields = { client_id: 'me', client_secret: 'a:b +%2F&=é', grant_type: 'client_credentials' };
    expect((await send(sandbox, { ...spotnana, body: new URLSearchParams(fields).toString() })).status).toBe(200);
  });
});

function decoded(part: string | undefined): unknown {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
}
