/** `check --live`: what a token endpoint answers, and what it means for the config. */
import { expect, test } from 'vitest';
import { startIdentityProvider, type TokenAnswer } from '../support/identity-provider.ts';
import { checked, client, error, type Keys, signing, wrongTime } from './checked.ts';

interface Case {
  readonly name: string;
  readonly answer: TokenAnswer;
  readonly with?: Keys;
  readonly cause: string;
  readonly remedy: string;
}

test.each<Case>([
  {
    name: 'a client that is not known, by basic',
    answer: error('invalid_client', 401),
    cause:
      'answers 401 invalid_client: it does not know the client by what is shown, or wants it shown another way than clientAuth: basic',
    remedy: 'clientAuth: post; or basicEncoding: raw, if',
  },
  {
    name: 'a 401 without a word',
    answer: { status: 401 },
    cause: 'answers 401: it does not know',
    remedy: 'clientAuth: post',
  },
  {
    name: 'a client that is not known, by post',
    answer: error('invalid_client'),
    with: { clientAuth: 'post' },
    cause: 'another way than clientAuth: post',
    remedy: 'clientAuth: basic; else look at clientId and clientSecret',
  },
  {
    name: 'a client that is not known, by its key',
    answer: error('invalid_client', 401),
    with: signing,
    cause: 'another way than clientAuth: private_key_jwt',
    remedy: 'clientAssertionAudience: the issuer; else look at clientId and keyId',
  },
  {
    name: 'a client that is not known, by a signed secret',
    answer: error('invalid_client', 401),
    with: { clientAuth: 'client_secret_jwt' },
    cause: 'another way than clientAuth: client_secret_jwt',
    remedy: 'clientAssertionAudience: the issuer',
  },
  {
    name: 'a clock that is wrong, where it matters',
    answer: wrongTime,
    with: signing,
    cause: "s ahead of the server's, so that what is signed here is not valid there",
    remedy: 'set the clock',
  },
  {
    name: 'a clock that is wrong, where it does not matter',
    answer: wrongTime,
    cause: 'it does not know the client',
    remedy: 'clientAuth: post',
  },
  {
    name: 'a wrong secret, as Keycloak has it',
    answer: error('unauthorized_client', 401),
    cause: 'unauthorized_client: it does not know',
    remedy: 'clientAuth: post',
  },
  {
    name: 'a wrong secret, as Auth0 has it',
    answer: error('access_denied', 401),
    cause: '401 access_denied: it does not know the client',
    remedy: 'clientAuth: post',
  },
  {
    name: 'a grant that is not enabled',
    answer: error('unauthorized_client'),
    cause: 'this client may not use this grant',
    remedy: 'grant client_credentials enabled',
  },
  {
    name: 'a grant that is not known',
    answer: error('unsupported_grant_type'),
    cause: 'knows no grant client_credentials',
    remedy: 'request.format: json',
  },
  {
    name: 'a body of the wrong type',
    answer: { status: 415 },
    cause: 'answers 415: it cannot read the body',
    remedy: 'request.format: json',
  },
  {
    name: 'a JSON body where a form is wanted',
    answer: { status: 415 },
    with: { request: { format: 'json' } },
    cause: 'cannot read the body',
    remedy: 'request.format: form',
  },
  {
    name: 'a parameter that is missing',
    answer: error('invalid_request'),
    cause: 'it misses a parameter, or cannot read the body',
    remedy: 'request.format: json; or what',
  },
  {
    name: 'a 400 without a word',
    answer: { status: 400, body: '<html>' },
    cause: 'answers 400: it does not say why',
    remedy: 'request.format: json',
  },
  {
    name: 'a scope that is missing',
    answer: error('invalid_scope'),
    cause: 'it wants a scope',
    remedy: 'scope: as the server',
  },
  {
    name: 'a scope that is not known',
    answer: error('invalid_scope'),
    with: { scope: 'x' },
    cause: 'does not know the scope',
    remedy: 'scope: as the server',
  },
  {
    name: 'an API that is missing',
    answer: error('invalid_target'),
    cause: 'the API that the token is for',
    remedy: 'audience (or resource',
  },
  {
    name: 'an API that it may not call',
    answer: error('access_denied', 403),
    with: { audience: 'x' },
    cause: 'may have no token for this API',
    remedy: 'audience and resource:',
  },
  {
    name: 'a 403 without a word',
    answer: { status: 403 },
    cause: 'answers 403: this client may have no token',
    remedy: 'grant the client the rights',
  },
  {
    name: 'a wrong path',
    answer: { status: 404 },
    cause: 'there is no token endpoint',
    remedy: 'look at the path in tokenUrl',
  },
  {
    name: 'a redirect',
    answer: { status: 302, headers: { location: '/elsewhere' } },
    cause: 'answers 302, a redirect',
    remedy: 'tokenUrl: the address that it leads to',
  },
  { name: 'too many requests', answer: { status: 429 }, cause: 'it is asked too often', remedy: 'tokenStore.redis' },
  { name: 'an outage', answer: { status: 503 }, cause: 'answers 503: it is out of order', remedy: 'try again' },
  {
    name: 'a web page',
    answer: { body: '<html>canary-secret+/%&=' },
    cause: 'no JSON object, such as a web page',
    remedy: 'look at the path',
  },
  {
    name: 'a token elsewhere',
    answer: {
      body: { data: { token: 'canary-token-x', refresh_token: 'canary-token-y' }, ok: 1, 'canary-token-as name': 1 },
    },
    cause: 'the answer has no access_token or accessToken; it has /data/token, /data/refresh_token, /ok',
    remedy: 'response.accessToken: /data/token',
  },
  {
    name: 'a token that is no text',
    answer: { body: { access_token: { value: 'canary-token-x' } } },
    cause: 'its access token is no text; it has /access_token/value',
    remedy: 'as a JSON Pointer',
  },
  {
    name: 'an answer with nothing',
    answer: { body: {} },
    cause: 'it has no member at all',
    remedy: 'as a JSON Pointer',
  },
  {
    name: 'an answer without a bottom',
    answer: { body: `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}` },
    cause: `it has ${'/a'.repeat(8)}`,
    remedy: 'as a JSON Pointer',
  },
  {
    name: 'an answer of many names',
    answer: { body: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`n${i}`, i])) },
    cause: '/n10, /n11',
    remedy: 'as a JSON Pointer',
  },
  {
    name: 'another type of token',
    answer: { body: { access_token: 'canary-token-x', token_type: 'MAC' } },
    cause: 'token_type is not Bearer',
    remedy: 'inject.scheme',
  },
  {
    name: 'an error in an answer of success',
    answer: { body: { error: 'invalid_client' } },
    cause: 'answers 200 invalid_client',
    remedy: 'clientAuth: post',
  },
  {
    name: 'an error that is none of those known',
    answer: { status: 400, body: { error: 'canary-secret+/%&=' } },
    cause: 'answers 400: it does not say why',
    remedy: 'request.format',
  },
  {
    name: 'a client that a provider does not know',
    answer: error('invalid_client', 401),
    with: { provider: 'keycloak' },
    cause: 'clientAuth: basic',
    remedy: 'look at clientId and clientSecret (an environment',
  },
])('$name is explained, with what to change', async ({ answer, with: more = {}, cause, remedy }) => {
  const provider = await startIdentityProvider();
  provider.answerAlways(answer);
  const { code, lines, stderr } = await checked({ crm: { tokenUrl: provider.url, ...client, ...more } });
  expect(lines).toEqual([expect.stringMatching(/^crm: /), expect.stringMatching(/^ {2}try: /)]);
  expect(lines[0]).toContain(cause);
  expect(lines[1]).toContain(remedy);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'bearerway: 1 of 1 credentials got no token: change what is said above, and check again\n',
  });
  expect(provider.requests).toHaveLength(1);
});
