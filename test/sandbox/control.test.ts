import { describe, expect, test } from 'vitest';
import { call, members, newToken, order, providerNames, raw, sandboxFor, state } from './visitors.ts';

describe('the state', () => {
  test.each(providerNames)('%s tells what is in force, and what its provider documents at first', async (provider) => {
    const lifetime = { nitro: '24h', podero: '10h', optty: '24h', spotnana: '1h' }[provider];
    expect(await state(await sandboxFor(), provider)).toEqual({
      ...{ provider, lifetime, answer: provider === 'nitro' ? 'camelCase' : 'rfc6749', delay: '0s' },
      ...{ tokenStatus: null, apiStatus: null, tokensIssued: 0, tokenRequests: 0, apiRequests: 0 },
    });
  });

  test('an order of several keys is answered with what is in force then', async () => {
    const sandbox = await sandboxFor();
    const token = await newToken(sandbox, 'nitro');
    const faults = { revoke: true, lifetime: '1.5s', tokenStatus: 429, apiStatus: 500, times: 2, retryAfter: 3 };
    const response = await order(sandbox, 'nitro', { ...faults, delay: '0s', answer: 'rfc6749' });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).not.toContain(token);
    expect(JSON.parse(text)).toMatchObject({
      ...{ lifetime: '1500ms', answer: 'rfc6749', delay: '0s', tokensIssued: 1 },
      tokenStatus: { status: 429, times: 2, retryAfter: 3 },
      apiStatus: { status: 500, times: 2, retryAfter: 3 },
    });
    expect((await call(sandbox, '/nitro/x', token)).status).toBe(500);
    expect(await state(sandbox, 'nitro')).toMatchObject({ apiStatus: { times: 1 }, tokenStatus: { times: 2 } });
  });

  test('a status without times is shown without times', async () => {
    const sandbox = await sandboxFor();
    const answer = await members(await order(sandbox, 'optty', { apiStatus: 429 }));
    expect(answer.apiStatus).toEqual({ status: 429, times: null, retryAfter: null });
  });

  test('HEAD is answered like GET', async () => {
    const sandbox = await sandboxFor();
    expect((await fetch(`${sandbox.url}/_sandbox/nitro`, { method: 'HEAD' })).status).toBe(200);
  });
});

describe('an order that cannot be obeyed', () => {
  test.each<[string, unknown, string]>([
    ['an unknown key', { colour: 'blue' }, 'colour is unknown'],
    ['a key of every object', { constructor: true }, 'constructor is unknown'],
    ['revoke: false', { revoke: false }, 'revoke is not acceptable'],
    ['a lifetime of nothing', { lifetime: '0s' }, 'lifetime is not acceptable'],
    ['a lifetime without unit', { lifetime: '5' }, 'lifetime is not acceptable'],
    ['a lifetime that is a number', { lifetime: 5 }, 'lifetime is not acceptable'],
    ['a status that is none', { tokenStatus: 200 }, 'tokenStatus is not acceptable'],
    ['a status as text', { apiStatus: '401' }, 'apiStatus is not acceptable'],
    ['times 0', { apiStatus: 401, times: 0 }, 'times is not acceptable'],
    ['times and a half', { apiStatus: 401, times: 1.5 }, 'times is not acceptable'],
    ['times without a status', { times: 1 }, 'times is not acceptable'],
    ['times beside null', { apiStatus: null, times: 1 }, 'times is not acceptable'],
    ['retryAfter without a status', { retryAfter: 1 }, 'retryAfter is not acceptable'],
    ['a negative retryAfter', { tokenStatus: 429, retryAfter: -1 }, 'retryAfter is not acceptable'],
    ['a negative delay', { delay: '-1s' }, 'delay is not acceptable'],
    ['an answer nobody documents', { answer: 'xml' }, 'answer is not acceptable'],
    [
      'several',
      { answer: 'xml', colour: 1, times: 0 },
      'colour is unknown; times is not acceptable; answer is not acceptable',
    ],
    ['no object', [1], 'the body must be a JSON object'],
  ])('%s: 400 and what would be right', async (_, faults, description) => {
    const sandbox = await sandboxFor();
    const response = await order(sandbox, 'nitro', faults);
    expect(response.status).toBe(400);
    const answer = await members(response);
    expect(answer).toMatchObject({ error: 'invalid_order', error_description: description });
    expect(Object.keys(answer.accepted ?? {})).toEqual([
      ...['revoke', 'lifetime', 'tokenStatus', 'apiStatus', 'times', 'retryAfter', 'delay', 'answer'],
    ]);
  });

  test('nothing of it counts when a part is wrong', async () => {
    const sandbox = await sandboxFor();
    const before = await state(sandbox, 'nitro');
    expect((await order(sandbox, 'nitro', { lifetime: '5s', apiStatus: 401, delay: 'soon' })).status).toBe(400);
    expect(await state(sandbox, 'nitro')).toEqual(before);
  });

  test('camelCase is nitro’s alone', async () => {
    const response = await order(await sandboxFor(), 'podero', { answer: 'camelCase' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('token requests are answered: rfc6749');
  });

  test('no JSON, and too much of it', async () => {
    const { url } = await sandboxFor();
    const post = async (body: string) => (await fetch(`${url}/_sandbox/nitro`, { method: 'POST', body })).status;
    expect(await post('revoke=true')).toBe(400);
    expect(await post(`{"revoke":true${' '.repeat(64 * 1024)}}`)).toBe(413);
  });

  test('another provider, another method', async () => {
    const { url } = await sandboxFor();
    for (const path of ['/_sandbox', '/_sandbox/', '/_sandbox/acme', '/_sandbox/nitro/', '/_sandbox/constructor']) {
      expect((await fetch(`${url}${path}`)).status).toBe(404);
    }
    const deleted = await fetch(`${url}/_sandbox/nitro`, { method: 'DELETE' });
    expect([deleted.status, deleted.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
  });

  test.each(['http://evil.example', 'null', ''])('a web page’s, from the origin "%s"', async (origin) => {
    const sandbox = await sandboxFor();
    const body = '{"lifetime":"5s"}';
    const head = ['POST /_sandbox/nitro HTTP/1.1', `Origin: ${origin}`, `Content-Length: ${body.length}`];
    expect(await raw(sandbox, head, body)).toMatch(/^HTTP\/1\.1 403 /);
    expect(await raw(sandbox, ['GET /_sandbox/nitro HTTP/1.1', `Origin: ${origin}`])).toMatch(/^HTTP\/1\.1 403 /);
    expect(await state(sandbox, 'nitro')).toMatchObject({ lifetime: '24h' });
  });
});
