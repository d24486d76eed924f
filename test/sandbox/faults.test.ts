import { describe, expect, test } from 'vitest';
import { MovedClock } from '../support/clock.ts';
import { call, members, newToken, order, sandboxFor, send, state, tokenRequests } from './visitors.ts';

const { nitro, podero, spotnana } = tokenRequests;

describe('a fault', () => {
  test('tokenStatus answers so many token requests, with its Retry-After', async () => {
    const sandbox = await sandboxFor();
    await order(sandbox, 'spotnana', { tokenStatus: 429, retryAfter: 30, times: 2 });
    for (const _ of [1, 2]) {
      const response = await send(sandbox, spotnana);
      expect(response.status).toBe(429);
      expect(response.headers.get('retry-after')).toBe('30');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await members(response)).toMatchObject({ error: 'temporarily_unavailable' });
    }
    expect((await send(sandbox, spotnana)).status).toBe(200);
    expect(await state(sandbox, 'spotnana')).toMatchObject({ tokenRequests: 3, tokensIssued: 1, tokenStatus: null });
  });

  test('tokenStatus without times lasts until it is null', async () => {
    const sandbox = await sandboxFor();
    await order(sandbox, 'nitro', { tokenStatus: 500 });
    for (const _ of [1, 2, 3]) expect((await send(sandbox, nitro)).status).toBe(500);
    await order(sandbox, 'nitro', { tokenStatus: null });
    expect((await send(sandbox, nitro)).status).toBe(200);
  });

  test.each<[number, string]>([
    [400, 'invalid_request'],
    [401, 'invalid_client'],
    [500, 'server_error'],
    [503, 'temporarily_unavailable'],
  ])('tokenStatus %i answers with the error %s', async (tokenStatus, error) => {
    const sandbox = await sandboxFor();
    await order(sandbox, 'podero', { tokenStatus });
    const response = await send(sandbox, podero);
    expect([response.status, (await members(response)).error]).toEqual([tokenStatus, error]);
    expect(response.headers.has('www-authenticate')).toBe(tokenStatus === 401);
    expect(response.headers.has('retry-after')).toBe(false);
  });

  test('apiStatus answers so many API requests and no token request', async () => {
    const sandbox = await sandboxFor();
    const token = await newToken(sandbox, 'nitro');
    await order(sandbox, 'nitro', { apiStatus: 401, times: 1 });
    expect((await send(sandbox, nitro)).status).toBe(200);
    const refused = await call(sandbox, '/nitro/x', token);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect((await call(sandbox, '/nitro/x', token)).status).toBe(200);
  });

  test('apiStatus may be another status, with a Retry-After', async () => {
    const sandbox = await sandboxFor();
    const token = await newToken(sandbox, 'nitro');
    await order(sandbox, 'nitro', { apiStatus: 503, retryAfter: 0 });
    const response = await call(sandbox, '/nitro/x', token);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '0']);
    expect(response.headers.get('www-authenticate')).toBeNull();
  });

  test('lifetime holds for tokens issued from then on', async () => {
    const clock = new MovedClock();
    const sandbox = await sandboxFor({ clock });
    const before = await newToken(sandbox, 'nitro');
    await order(sandbox, 'nitro', { lifetime: '5s' });
    const answer = await members(await send(sandbox, nitro));
    expect(answer).toMatchObject({ expiresIn: 5 });
    clock.advance(5_000);
    expect((await call(sandbox, '/nitro/x', String(answer.accessToken))).status).toBe(401);
    expect((await call(sandbox, '/nitro/x', before)).status).toBe(200);
  });

  test('delay holds back token and API answers of that provider alone', async () => {
    const clock = new MovedClock();
    const sandbox = await sandboxFor({ clock });
    const token = await newToken(sandbox, 'nitro');
    await order(sandbox, 'nitro', { delay: '2s' });
    const held = Promise.all([send(sandbox, nitro), call(sandbox, '/nitro/x', token), call(sandbox, '/nitro/x', 'no')]);
    await clock.untilWaiting(3);
    expect((await send(sandbox, spotnana)).status).toBe(200);
    clock.advance(1_999);
    expect(clock.waiting).toBe(3);
    expect(await state(sandbox, 'nitro')).toMatchObject({ tokensIssued: 1, tokenRequests: 2, apiRequests: 2 });
    clock.advance(1);
    expect((await held).map(({ status }) => status)).toEqual([200, 200, 401]);
  });

  test('a delay of 0s ends the delay, also for answers that are held back', async () => {
    const clock = new MovedClock();
    const sandbox = await sandboxFor({ clock });
    await order(sandbox, 'nitro', { delay: '24h' });
    const held = send(sandbox, nitro);
    await clock.untilWaiting(1);
    await order(sandbox, 'nitro', { delay: '0s' });
    expect((await held).status).toBe(200);
    expect((await send(sandbox, nitro)).status).toBe(200);
    expect(clock.waiting).toBe(0);
  });

  test('a token whose answer nobody waited for was never issued', async () => {
    const clock = new MovedClock();
    const sandbox = await sandboxFor({ clock });
    await order(sandbox, 'nitro', { delay: '1s' });
    const leaving = new AbortController();
    const left = fetch(`${sandbox.url}${nitro.path}`, { ...nitro, body: nitro.body ?? null, signal: leaving.signal });
    await clock.untilWaiting(1);
    leaving.abort();
    await expect(left).rejects.toThrow('aborted');
    await clock.untilWaiting(0);
    expect(await state(sandbox, 'nitro')).toMatchObject({ tokenRequests: 1, tokensIssued: 0 });
  });
});
