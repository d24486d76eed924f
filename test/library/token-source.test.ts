/** The tokens alone, for programs that send requests themselves. */
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createTokenSource, type TokenSource, type TokenSourceOptions } from '../../src/index.ts';
import { type Api, startApi } from '../support/api.ts';
import { CLIENT_ID, CLIENT_SECRET, expectNoCanary, TOKEN_PREFIX } from '../support/canary.ts';
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts';

interface Stage {
  readonly provider: IdentityProvider;
  readonly api: Api;
  readonly tokens: TokenSource;
}

async function stage(inject: object = {}, options: TokenSourceOptions = {}): Promise<Stage> {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const credential = { tokenUrl: provider.url, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, inject };
  const tokens = createTokenSource(credential, { origins: [api.url], env: {}, ...options });
  onTestFinished(() => tokens.close());
  return { provider, api, tokens };
}

describe('a token source', () => {
  test('asks once for all who wait, and nobody before the first', async () => {
    const { provider, tokens } = await stage();
    expect(provider.requests).toHaveLength(0);
    const all = await Promise.all([tokens.get(), tokens.get(), tokens.get()]);
    expect(new Set(all.map(({ value }) => value))).toEqual(new Set([`${TOKEN_PREFIX}1`]));
    expect(all[0]?.expiresAt).toBeInstanceOf(Date);
    expect(provider.requests).toHaveLength(1);
  });

  test('gives tokens that do not print', async () => {
    const { tokens } = await stage();
    const token = await tokens.get();
    expectNoCanary(`${inspect(token, { showHidden: true })}${JSON.stringify(token)}${token}`, 'a token');
  });

  test('renews only the one that is current', async () => {
    const { provider, tokens } = await stage();
    const first = await tokens.get();
    const second = await tokens.renew(first);
    expect((await tokens.renew(first)).value).toBe(second.value);
    expect(provider.issued).toHaveLength(2);
    await expect(tokens.renew({ value: 'x', expiresAt: undefined })).rejects.toThrow(TypeError);
  });

  test('tells what an identity provider says, and asks nobody while it backs off', async () => {
    const { provider, tokens } = await stage();
    provider.answerAlways({ status: 401, body: { error: 'invalid_client' } });
    for (const _ of [1, 2])
      await expect(tokens.get()).rejects.toMatchObject({ name: 'BearerwayError', code: 'token_refused' });
    expect(provider.requests).toHaveLength(1);
  });

  test('waits no longer than its signal, which ends nothing else', async () => {
    const { provider, tokens } = await stage();
    provider.goSlow();
    const controller = new AbortController();
    const [left, stays] = [tokens.get(controller.signal), tokens.get()];
    await provider.requested(1);
    controller.abort(new Error('enough'));
    await expect(left).rejects.toThrow('enough');
    provider.goOn();
    expect((await stays).value).toBe(`${TOKEN_PREFIX}1`);
  });

  test('gives nothing once it is closed', async () => {
    const { tokens } = await stage();
    await tokens.get();
    await tokens.close();
    await expect(tokens.get()).rejects.toMatchObject({ code: 'not_running' });
  });

  test.each([
    [{ clientId: 'a', clientSecret: 'b' }, {}, 'tokenUrl'],
    [{ type: 'static' as const, token: 'x' }, { origins: ['https://a.example/path'] }, 'origins[0]'],
    [{ type: 'static' as const, token: 'x' }, { origins: ['http://a.example'] }, 'origins[0]'],
    [{ type: 'static' as const, token: 'x' }, { egress: { proxy: 'nothing' } }, 'egress.proxy'],
  ])('is not made of what is wrong', (credential, options, path) => {
    expect(() => createTokenSource(credential, options)).toThrow(
      expect.objectContaining({ code: 'config_invalid', faults: [expect.objectContaining({ path })] }),
    );
  });
});

describe('its fetch', () => {
  test('puts the token on, in the place of what stands there', async () => {
    const { api, tokens } = await stage();
    await tokens.fetch(`${api.url}/x?y=1`, {
      headers: { Authorization: 'Bearer other', AUTHORIZATION_: 'x', 'X-Own': '1' },
    });
    const { headers, url } = api.requests[0] ?? {};
    expect(url).toBe('/x?y=1');
    expect(headers).toMatchObject({ authorization: `Bearer ${TOKEN_PREFIX}1`, 'x-own': '1' });
    expect(headers).not.toHaveProperty('authorization_');
  });

  test('into the query, where it belongs there', async () => {
    const { api, tokens } = await stage({ query: 'key' });
    api.behave((request, response) => request.resume().on('end', () => response.end()));
    await tokens.fetch(`${api.url}/x?key=other&y=%2F`);
    expect(api.requests[0]?.url).toBe(`/x?y=%2F&key=${TOKEN_PREFIX}1`);
    expect(api.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test('sends once more, with a new token and the same body, what a 401 refused', async () => {
    const { api, provider, tokens } = await stage();
    api.rejectOnce();
    const answer = await tokens.fetch(new Request(`${api.url}/x`, { method: 'PUT' }), { body: 'a body' });
    expect(answer.status).toBe(200);
    expect(api.requests.map(({ method, bodyLength }) => [method, bodyLength])).toEqual([1, 2].map(() => ['PUT', 6]));
    expect(provider.issued).toHaveLength(2);
  });

  test('gives the 401 of a stream, whose body is gone', async () => {
    const { api, tokens } = await stage();
    api.rejectOnce();
    const answer = await tokens.fetch(`${api.url}/x`, { method: 'POST', body: new Blob(['a body']).stream() });
    expect([answer.status, api.requests.length]).toEqual([401, 1]);
  });

  test('gives the 401 where no other token can be had, and the second one whatever it is', async () => {
    const { api, provider, tokens } = await stage();
    await tokens.get();
    provider.answerOnce({ status: 400, body: { error: 'invalid_client' } });
    api.rejectOnce();
    expect((await tokens.fetch(`${api.url}/x`)).status).toBe(401);
    const other = await stage();
    other.api.rejectAlways();
    expect((await other.tokens.fetch(`${other.api.url}/x`)).status).toBe(401);
    expect(other.api.requests).toHaveLength(2);
    // It cools down.
    expect((await other.tokens.fetch(`${other.api.url}/x`)).status).toBe(401);
    expect([other.api.requests.length, other.provider.issued.length]).toEqual([3, 2]);
  });

  test('sends nothing to an origin that it was not told of, and follows no redirect there', async () => {
    const { api, provider, tokens } = await stage();
    const elsewhere = await startApi(provider);
    const near = new URL(api.url);
    near.hostname = 'localhost';
    for (const url of [elsewhere.url, near, `${api.url}@evil.example/`, 'data:,x', new Request(`${elsewhere.url}/x`)])
      await expect(tokens.fetch(url)).rejects.toMatchObject({ code: 'destination_denied' });
    expect(provider.requests).toEqual([]);
    api.behave((_, response) => response.writeHead(307, { Location: `${elsewhere.url}/taken` }).end());
    for (const redirect of ['follow', 'manual'] as const)
      expect((await tokens.fetch(`${api.url}/x`, { redirect })).status).toBe(307);
    await expect(tokens.fetch(`${api.url}/x`, { redirect: 'error' })).rejects.toThrow();
    expect(elsewhere.requests).toEqual([]);
  });

  test('goes the way of the fetch that it is given', async () => {
    const asked: string[] = [];
    const { api, tokens } = await stage(
      {},
      {
        fetch: async (url, { redirect }) => {
          asked.push(`${redirect} ${url}`);
          return new Response('theirs');
        },
      },
    );
    expect(await (await tokens.fetch(`${api.url}/x`)).text()).toBe('theirs');
    expect(asked).toEqual([`manual ${api.url}/x`]);
  });
});
