/** A token endpoint that is found by its issuer: RFC 8414 §3, OpenID Connect Discovery 1.0 §4. */
import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Discovery } from '../../src/auth/discovery.ts';
import type { TokenResponse } from '../../src/auth/token-response.ts';
import { startApi } from '../support/api.ts';
import { CLIENT_ID, CLIENT_SECRET, TOKEN_PREFIX } from '../support/canary.ts';
import { MovedClock } from '../support/clock.ts';
import { startProxy } from '../support/proxy.ts';
import { closing, listening } from '../support/server.ts';
import { codeOf } from './source.ts';

type Answers = Readonly<
  Record<string, { readonly status?: number; readonly body?: unknown; readonly retryAfter?: string }>
>;

const ISSUER = 'https://id.example.com';
const OAUTH = `${ISSUER}/.well-known/oauth-authorization-server`;
const OPENID = `${ISSUER}/.well-known/openid-configuration`;
const metadata = (more: Readonly<Record<string, unknown>> = {}) => ({
  body: { issuer: ISSUER, token_endpoint: 'https://id.example.com/t', ...more },
});

/** What is found where these documents are, and 404 elsewhere. */
function discoveryOf(answers: Answers, { issuer = ISSUER, mutualTls = false } = {}) {
  const asked: string[] = [];
  const clock = new MovedClock();
  const get = async (url: string): Promise<TokenResponse> => {
    asked.push(url);
    const { status = 200, body = '', retryAfter } = answers[url] ?? { status: 404 };
    return {
      status,
      date: undefined,
      retryAfter,
      contentType: undefined,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    };
  };
  const discovery = new Discovery({ issuer, mutualTls }, { get }, clock);
  return { asked, clock, discovery, find: () => discovery.tokenUrl(AbortSignal.any([])) };
}

test.each([
  ['https://id.example.com', OAUTH, OPENID],
  ['https://id.example.com/', OAUTH, OPENID],
  [
    'https://id.example.com/realms/a',
    'https://id.example.com/.well-known/oauth-authorization-server/realms/a',
    'https://id.example.com/realms/a/.well-known/openid-configuration',
  ],
  [
    'https://id.example.com:8443/a/',
    'https://id.example.com:8443/.well-known/oauth-authorization-server/a',
    'https://id.example.com:8443/a/.well-known/openid-configuration',
  ],
])('%s is asked for its metadata where RFC 8414 puts it, then where OpenID does', async (issuer, first, second) => {
  const { asked, find } = discoveryOf({ [second]: metadata({ issuer }) }, { issuer });

  expect(await find()).toBe('https://id.example.com/t');
  expect(asked).toEqual([first, second]);
});

test('what is found first is enough', async () => {
  const { asked, find } = discoveryOf({ [OAUTH]: metadata(), [OPENID]: metadata({ token_endpoint: 'https://other' }) });

  expect(await find()).toBe('https://id.example.com/t');
  expect(asked).toEqual([OAUTH]);
});

test.each([
  ['a page', { body: '<html>' }],
  ['a list', { body: [] }],
  ['null', { body: 'null' }],
  ['nothing', { status: 204 }],
  ['a redirect', { status: 302 }],
  ['a refusal', { status: 403, body: { issuer: ISSUER, token_endpoint: 'https://elsewhere.example.com/t' } }],
])('%s in the first place is no metadata: the second is asked', async (_, answer) => {
  const { find } = discoveryOf({ [OAUTH]: answer, [OPENID]: metadata() });

  expect(await find()).toBe('https://id.example.com/t');
});

test.each([
  ['nothing in either place', {}, 'token_invalid'],
  ['another issuer', { [OAUTH]: metadata({ issuer: 'https://evil.example.com' }) }, 'token_invalid'],
  ['its name with a slash more', { [OAUTH]: metadata({ issuer: `${ISSUER}/` }) }, 'token_invalid'],
  ['no name', { [OAUTH]: metadata({ issuer: undefined }) }, 'token_invalid'],
  ['no token endpoint', { [OAUTH]: metadata({ token_endpoint: undefined }) }, 'token_invalid'],
  ['one that is no text', { [OAUTH]: metadata({ token_endpoint: 5 }) }, 'token_invalid'],
  ['one with plain http', { [OAUTH]: metadata({ token_endpoint: 'http://id.example.com/t' }) }, 'token_invalid'],
  ['one on this machine', { [OAUTH]: metadata({ token_endpoint: 'http://127.0.0.1:6379/t' }) }, 'token_invalid'],
  ['one of a cloud', { [OAUTH]: metadata({ token_endpoint: 'https://169.254.169.254/t' }) }, 'token_invalid'],
  ['the same', { [OAUTH]: metadata({ token_endpoint: 'https://[::ffff:169.254.169.254]/t' }) }, 'token_invalid'],
  ['the same by a number', { [OAUTH]: metadata({ token_endpoint: 'https://2852039166/t' }) }, 'token_invalid'],
  ['one with a user', { [OAUTH]: metadata({ token_endpoint: 'https://a:b@id.example.com/t' }) }, 'token_invalid'],
  ['one that is no address', { [OAUTH]: metadata({ token_endpoint: '/t' }) }, 'token_invalid'],
  ['one of another kind', { [OAUTH]: metadata({ token_endpoint: 'file:///t' }) }, 'token_invalid'],
  ['408', { [OAUTH]: { status: 408 } }, 'token_unavailable'],
  ['429', { [OAUTH]: { status: 429, retryAfter: '7' } }, 'token_unavailable'],
  ['500', { [OAUTH]: { status: 500 } }, 'token_unavailable'],
])('%s is no token endpoint', async (_, answers: Answers, code) => {
  expect(await codeOf(discoveryOf(answers).find())).toBe(code);
});

test('an issuer that is on this link itself may name a token endpoint there', async () => {
  const issuer = 'https://169.254.1.1';
  const own = { body: { issuer, token_endpoint: `${issuer}/t` } };
  const { find } = discoveryOf({ [`${issuer}/.well-known/oauth-authorization-server`]: own }, { issuer });
  expect(await find()).toBe(`${issuer}/t`);
});

test('Retry-After is passed on', async () => {
  const { find } = discoveryOf({ [OAUTH]: { status: 429, retryAfter: '7' } });
  await expect(find()).rejects.toMatchObject({ retryAfterMs: 7000 });
});

test('who shows a certificate takes the endpoint for that (RFC 8705 §5), where there is one', async () => {
  const alias = metadata({ mtls_endpoint_aliases: { token_endpoint: 'https://mtls.example.com/t' } });

  expect(await discoveryOf({ [OAUTH]: alias }, { mutualTls: true }).find()).toBe('https://mtls.example.com/t');
  expect(await discoveryOf({ [OAUTH]: alias }).find()).toBe('https://id.example.com/t');
  expect(await discoveryOf({ [OAUTH]: metadata() }, { mutualTls: true }).find()).toBe('https://id.example.com/t');
});

test('it is believed for a day, or until it is to be forgotten', async () => {
  const { asked, clock, discovery, find } = discoveryOf({ [OAUTH]: metadata() });
  await find();
  clock.advance(86_399_999);
  await find();
  expect(asked).toHaveLength(1);
  clock.advance(1);
  await find();
  expect(asked).toHaveLength(2);
  discovery.forget();
  await find();
  expect(asked).toHaveLength(3);
});

describe('through a whole proxy', () => {
  /** A server whose token endpoint can move, and what it was asked for. */
  async function begin() {
    const asked: string[] = [];
    const state = { tokenPath: '/t1', served: '/t1', padding: '' };
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const json = (content: unknown): void => void response.end(JSON.stringify(content));
      request.resume().on('end', () => {
        if (request.url === '/.well-known/oauth-authorization-server')
          json({ issuer, token_endpoint: `${issuer}${state.tokenPath}`, padding: state.padding });
        else if (request.url === state.served)
          json({ access_token: `${TOKEN_PREFIX}${asked.length}`, expires_in: 3600 });
        else response.writeHead(404).end();
      });
    });
    const issuer = `http://127.0.0.1:${await listening(server)}`;
    onTestFinished(() => closing(server));
    const api = await startApi();
    const main = { issuer, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
    const routes = [{ prefix: '/api', upstream: api.url, credential: 'main' }];
    const start = () => startProxy({ credentials: { main }, routes });
    return { asked, state, api, start };
  }

  test('an endpoint that has moved is found again within the same token request', async () => {
    const { asked, state, api, start } = await begin();
    const proxy = await start();
    await proxy.call('/api/x');
    Object.assign(state, { tokenPath: '/t2', served: '/t2' });
    api.rejectOnce();

    expect((await proxy.call('/api/x')).headers['bearerway-retry']).toBe('done');
    const found = '/.well-known/oauth-authorization-server';
    expect(asked).toEqual([found, '/t1', '/t1', found, '/t2']);
  });

  test('one that answers 404 where it is said to be is a refusal, and is not asked twice', async () => {
    const { asked, state, start } = await begin();
    state.served = '/elsewhere';
    const reply = await (await start()).call('/api/x');

    expect(reply.json()['code']).toBe('token_refused');
    expect(asked.filter((path) => path === '/t1')).toHaveLength(1);
  });

  test('a server that is not there is told as the issuer', async () => {
    const api = await startApi();
    const server = createServer();
    const issuer = `http://127.0.0.1:${await listening(server)}`;
    await closing(server);
    const main = { issuer, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
    const routes = [{ prefix: '/api', upstream: api.url, credential: 'main' }];
    const reply = await (await startProxy({ credentials: { main }, routes })).call('/api/x');

    const detail = 'credential main: the issuer cannot be reached';
    expect(reply.json()).toMatchObject({ code: 'token_unavailable', detail });
  });

  test('metadata of more than 256 KiB is none', async () => {
    const { state, start } = await begin();
    state.padding = 'x'.repeat(262_144);
    const reply = await (await start()).call('/api/x');

    expect(reply.json()).toMatchObject({
      code: 'token_invalid',
      detail: expect.stringContaining("the issuer's answer is larger than 262144 bytes"),
    });
    expect(reply.text).not.toContain('127.0.0.1');
  });
});

test('what a server says of itself is told, and what it does not say is not made up', async () => {
  const says = {
    token_endpoint_auth_methods_supported: ['client_secret_post', 7],
    scopes_supported: ['a', 'b'],
    grant_types_supported: 'client_credentials',
  };
  const { discovery } = discoveryOf({ [OAUTH]: metadata(says) });
  expect(await discovery.describe(AbortSignal.any([]))).toEqual({
    tokenUrl: 'https://id.example.com/t',
    authMethods: ['client_secret_post'],
    scopes: ['a', 'b'],
    grantTypes: undefined,
  });
});
