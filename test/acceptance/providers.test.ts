import { expect, onTestFinished, test } from 'vitest';
import { type Provider, providerNames, providers } from '../../src/config/providers.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { faultsOf, leastRoutes } from '../config/reading.ts';
import { startApi } from '../support/api.ts';
import { CLIENT_ID, CLIENT_SECRET } from '../support/canary.ts';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { answering, jsonAnswer, type RecordedRequest, startTokenRecorder } from '../support/token-recorder.ts';
import { providerPages } from './provider-pages.ts';

/** Those that the sandbox imitates. */
const sandboxes = ['nitro', 'podero', 'optty', 'spotnana'] as const;

/** Those fields whose values every HTTP client may choose for itself. */
const clientsOwn = ['host', 'connection', 'content-length', 'accept', 'user-agent'];

const documented = providerNames.flatMap((provider) =>
  providerPages[provider].answers.map((answer, index) => ({ provider, answer, form: index + 1 })),
);

test.each(documented)(
  '$provider (form $form of its answer): the token request is what its page asks for, the API call bears the token',
  async ({ provider, answer }) => {
    const { config, target, headers, body } = providerPages[provider];
    const recorder = await startTokenRecorder();
    recorder.behaviour = answering(jsonAnswer(answer.members));
    const api = await startApi();
    const given = { provider, baseUrl: recorder.url('/base'), clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
    const proxy = await startProxy({
      credentials: { it: { ...given, ...config } },
      routes: [{ prefix: `/${provider}`, upstream: api.url, credential: 'it' }],
    });

    const reply = await proxy.call(`/${provider}/v1/things?page=2`);

    expect(reply.status).toBe(200);
    expect(recorder.requests).toHaveLength(1);
    const [request] = recorder.requests;
    expect(request).toMatchObject({ method: 'POST', target, version: 'HTTP/1.1' });
    expect(othersThan(clientsOwn, request)).toEqual(headers);
    expect(request?.headers.get('host')).toEqual([`127.0.0.1:${recorder.port}`]);
    expect(parameters(request)).toEqual(body);

    expect(api.requests).toHaveLength(1);
    const [call] = api.requests;
    expect(call?.url).toBe('/v1/things?page=2');
    expect(valuesOf('authorization', call?.rawHeaders)).toEqual([`Bearer ${answer.token}`]);
    expect(proxy.log.find(({ msg }) => msg === 'token obtained')).toMatchObject({ lifetimeS: answer.lifetimeS });
  },
);

test.each(providerNames)('%s has a page that can be read, and needs what its page needs', (provider) => {
  const { page, needs = {}, baseUrl, baseForm = baseUrl ?? 'https://api.example.com' }: Provider = providers[provider];
  expect(new URL(page).protocol).toBe('https:');
  const config = providerPages[provider].config ?? {};
  expect(Object.keys(config)).toEqual(Object.keys(needs));
  const base = { provider, baseUrl: baseForm, clientId: 'a', clientSecret: 'b' };
  const faults = (more: object): string[] =>
    faultsOf(`credentials: {it: ${JSON.stringify({ ...base, ...more })}}\n${leastRoutes}`);
  expect(faults(config)).toEqual([]);
  const told = faults({}).join('\n');
  for (const [key, { example }] of Object.entries(needs)) {
    expect(told).toContain(` credentials.it.${key}: is required by ${provider}: `);
    expect(told).toContain(`(such as ${example})`);
  }
  expect(faults({})).toHaveLength(Object.keys(needs).length);
});

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
  readonly provider: (typeof sandboxes)[number];
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

test.each(sandboxes)('%s: the sandbox takes our token request and our call', async (provider) => {
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

test.each(sandboxes)('%s: a wrong secret is told as such, and the API is not called', async (provider) => {
  const { proxy, state } = await sandboxed({ provider, clientSecret: 'not-the-secret' });

  const reply = await proxy.call(`/${provider}/anything`);

  expect(reply.status).toBe(502);
  expect(reply.json()).toMatchObject({ code: 'token_refused', source: 'identity_provider' });
  expect(reply.text).toContain('invalid_client');
  expect(await state()).toMatchObject({ tokenRequests: 1, apiRequests: 0 });
});

test.each(sandboxes)('%s: a revoked token is renewed, and the request sent once more', async (provider) => {
  const { proxy, order, state } = await sandboxed({ provider });
  await proxy.call(`/${provider}/first`);
  await order({ revoke: true });

  const reply = await proxy.call(`/${provider}/second`, { method: 'PUT', body: 'the same bytes' });

  expect(reply.status).toBe(200);
  expect(reply.headers['bearerway-retry']).toBe('done');
  expect(reply.json()).toMatchObject({ method: 'PUT', bodyLength: 14, tokenNumber: 2 });
  expect(await state()).toMatchObject({ tokenRequests: 2, apiRequests: 3 });
});
