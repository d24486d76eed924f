import { expect, onTestFinished, test } from 'vitest';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { startApi } from '../support/api.ts';
import { CLIENT_ID, CLIENT_SECRET } from '../support/canary.ts';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { answering, jsonAnswer, type RecordedRequest, startTokenRecorder } from '../support/token-recorder.ts';

const providers = ['nitro', 'podero', 'optty', 'spotnana'] as const;
type Provider = (typeof providers)[number];

/** Those fields whose values every HTTP client may choose for itself. */
const clientsOwn = ['host', 'connection', 'content-length', 'accept', 'user-agent'];
const json = { 'content-type': ['application/json'] };
const form = { 'content-type': ['application/x-www-form-urlencoded'] };
const inBody = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET, grant_type: 'client_credentials' };

/** What each provider's page asks for, below a base URL that has a path of its own. */
const pages: Readonly<Record<Provider, { target: string; headers: object; body: object }>> = {
  nitro: {
    target: '/base/oauth/token',
    headers: json,
    body: { clientID: CLIENT_ID, clientSecret: CLIENT_SECRET },
  },
  podero: {
    target: '/base/oauth2/token/',
    headers: {
      ...json,
      authorization: [`Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64')}`],
      'cache-control': ['no-cache'],
    },
    body: { grant_type: 'client_credentials' },
  },
  optty: { target: '/base/token?expires_in=1', headers: form, body: { ...inBody, scope: 'api-user' } },
  spotnana: { target: '/base/v2/auth/oauth2-token', headers: form, body: inBody },
};

const rfc6749 = { access_token: 'canary-token-rfc.6749_x~', token_type: 'Bearer' };
const answers = [
  ['nitro', 'camelCase', { accessToken: 'canary-token-camel', tokenType: 'Bearer', expiresIn: 86_400 }, 86_400],
  ['nitro', 'RFC 6749', { ...rfc6749, expires_in: 86_400 }, 86_400],
  ['podero', 'its own', { ...rfc6749, expires_in: 36_000, scope: 'read write' }, 36_000],
  ['optty', 'its own', { ...rfc6749, expires_in: 86_400, scope: 'api-user' }, 86_400],
  ['spotnana', 'its own', { ...rfc6749, expires_in: 3600 }, 3600],
] as const;

test.each(answers)(
  '%s (answer: %s): the token request is what its page asks for, the API call bears the token',
  async (provider, _form, granted, lifetimeS) => {
    const recorder = await startTokenRecorder();
    recorder.behaviour = answering(jsonAnswer(granted));
    const api = await startApi();
    const proxy = await startProxy({
      credentials: {
        it: { provider, baseUrl: recorder.url('/base'), clientId: CLIENT_ID, clientSecret: CLIENT_SECRET },
      },
      routes: [{ prefix: `/${provider}`, upstream: api.url, credential: 'it' }],
    });

    const reply = await proxy.call(`/${provider}/v1/things?page=2`);

    expect(reply.status).toBe(200);
    expect(recorder.requests).toHaveLength(1);
    const [request] = recorder.requests;
    const page = pages[provider];
    expect(request).toMatchObject({ method: 'POST', target: page.target, version: 'HTTP/1.1' });
    expect(othersThan(clientsOwn, request)).toEqual(page.headers);
    expect(request?.headers.get('host')).toEqual([`127.0.0.1:${recorder.port}`]);
    expect(parameters(request)).toEqual(page.body);

    expect(api.requests).toHaveLength(1);
    const [call] = api.requests;
    expect(call?.url).toBe('/v1/things?page=2');
    const token = 'accessToken' in granted ? granted.accessToken : granted.access_token;
    expect(valuesOf('authorization', call?.rawHeaders)).toEqual([`Bearer ${token}`]);
    expect(proxy.log.find(({ msg }) => msg === 'token obtained')).toMatchObject({ lifetimeS });
  },
);

function othersThan(names: readonly string[], request: RecordedRequest | undefined): object {
  return Object.fromEntries([...(request?.headers ?? [])].filter(([name]) => !names.includes(name)));
}

/** The parameters of the body; a name that stands there twice has an array. */
function parameters(request: RecordedRequest | undefined): unknown {
  if (request?.headers.get('content-type')?.[0] === 'application/json') return JSON.parse(request.body);
  const given = new URLSearchParams(request?.body);
  return Object.fromEntries(
    [...new Set(given.keys())].map((name) => {
      const values = given.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );
}

function valuesOf(name: string, rawHeaders: readonly string[] = []): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
}

interface SandboxedOptions {
  readonly provider: Provider;
  readonly clientSecret?: string;
}

/** The shipped sandbox and a proxy before it, with the provider's preset. */
async function sandboxed({ provider, clientSecret = 'sandbox-secret' }: SandboxedOptions): Promise<{
  readonly proxy: RunningProxy;
  readonly order: (faults: unknown) => Promise<void>;
  readonly state: () => Promise<Readonly<Record<string, unknown>>>;
}> {
  const sandbox = await startSandbox({ port: 0 });
  onTestFinished(() => sandbox.close());
  const baseUrl = `${sandbox.url}/${provider}`;
  const proxy = await startProxy({
    credentials: { it: { provider, baseUrl, clientId: 'sandbox', clientSecret } },
    routes: [{ prefix: `/${provider}`, upstream: baseUrl, credential: 'it' }],
  });
  const control = `${sandbox.url}/_sandbox/${provider}`;
  return {
    proxy,
    async order(faults) {
      const { status } = await fetch(control, { method: 'POST', body: JSON.stringify(faults) });
      expect(status).toBe(200);
    },
    // The sandbox answers with a JSON object.
    state: async () => (await (await fetch(control)).json()) as Readonly<Record<string, unknown>>,
  };
}

test.each(providers)('%s: the sandbox takes our token request and our call', async (provider) => {
  const { proxy, state } = await sandboxed({ provider });

  const reply = await proxy.call(`/${provider}/anything?a=1`, { method: 'POST', body: 'hello' });

  expect(reply.status).toBe(200);
  expect(reply.headers['bearerway-retry']).toBeUndefined();
  expect(reply.json()).toMatchObject({
    ...{ provider, method: 'POST', path: '/anything', query: 'a=1', bodyLength: 5, tokenNumber: 1 },
    headers: { authorization: 'Bearer ***' },
  });
  expect(await state()).toMatchObject({ tokenRequests: 1, apiRequests: 1 });
});

test('nitro: the sandbox answers in its other form, and is understood', async () => {
  const { proxy, order, state } = await sandboxed({ provider: 'nitro' });
  await proxy.call('/nitro/first');
  await order({ answer: 'rfc6749', revoke: true });

  expect((await proxy.call('/nitro/second')).json()).toMatchObject({ tokenNumber: 2 });
  expect(await state()).toMatchObject({ tokenRequests: 2 });
});

test.each(providers)('%s: a wrong secret is told as such, and the API is not called', async (provider) => {
  const { proxy, state } = await sandboxed({ provider, clientSecret: 'not-the-secret' });

  const reply = await proxy.call(`/${provider}/anything`);

  expect(reply.status).toBe(502);
  expect(reply.json()).toMatchObject({ code: 'token_refused', source: 'identity_provider' });
  expect(reply.text).toContain('invalid_client');
  expect(await state()).toMatchObject({ tokenRequests: 1, apiRequests: 0 });
});

test.each(providers)('%s: a revoked token is renewed, and the request sent once more', async (provider) => {
  const { proxy, order, state } = await sandboxed({ provider });
  await proxy.call(`/${provider}/first`);
  await order({ revoke: true });

  const reply = await proxy.call(`/${provider}/second`, { method: 'PUT', body: 'the same bytes' });

  expect(reply.status).toBe(200);
  expect(reply.headers['bearerway-retry']).toBe('done');
  expect(reply.json()).toMatchObject({ method: 'PUT', bodyLength: 14, tokenNumber: 2 });
  expect(await state()).toMatchObject({ tokenRequests: 2, apiRequests: 3 });
});
