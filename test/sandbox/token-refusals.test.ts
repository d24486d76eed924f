import { describe, expect, test } from 'vitest';
import {
  basic,
  members,
  type ProviderName,
  providerNames,
  raw,
  type Sent,
  sandboxFor,
  send,
  state,
  tokenRequests,
} from './visitors.ts';

const { nitro, podero, optty, spotnana } = tokenRequests;
const sandboxBasic = basic('sandbox:sandbox-secret');

type Wrong = readonly [name: string, change: Partial<Sent>, error: string];

const asForm = { 'content-type': 'application/x-www-form-urlencoded' };
const asJson = { 'content-type': 'application/json' };
const grantType = 'grant_type=client_credentials';

const wrong: Readonly<Record<ProviderName, readonly Wrong[]>> = {
  nitro: [
    ['GET', { method: 'GET', body: undefined }, 'invalid_request'],
    ['PUT', { method: 'PUT' }, 'invalid_request'],
    ['a form', { headers: asForm, body: 'clientID=sandbox&clientSecret=sandbox-secret' }, 'invalid_request'],
    ['JSON called a form', { headers: asForm }, 'invalid_request'],
    ['no content type', { headers: { 'content-type': '' } }, 'invalid_request'],
    ['half of the JSON', { body: '{"clientID": "sandbox"' }, 'invalid_request'],
    ['an array', { body: '[]' }, 'invalid_request'],
    ['null', { body: 'null' }, 'invalid_request'],
    ['no body', { body: undefined }, 'invalid_request'],
    ['no secret', { body: '{"clientID": "sandbox"}' }, 'invalid_request'],
    ['an empty id', edited(nitro, '"sandbox"', '""'), 'invalid_request'],
    ['a number as id', edited(nitro, '"sandbox"', '7'), 'invalid_request'],
    ['a name of OAuth', edited(nitro, 'clientID', 'client_id'), 'invalid_request'],
    ['a grant_type', edited(nitro, '{', '{"grant_type": "client_credentials",'), 'invalid_request'],
    ['a wrong secret', edited(nitro, '-secret', '-guess'), 'invalid_client'],
    ['a wrong id', edited(nitro, '"sandbox"', '"x"'), 'invalid_client'],
  ],
  podero: [
    ['GET', { method: 'GET', body: undefined }, 'invalid_request'],
    ['a form', { headers: { ...podero.headers, ...asForm }, body: grantType }, 'invalid_request'],
    ['no Cache-Control', { headers: without(podero.headers, 'cache-control') }, 'invalid_request'],
    ['a form called JSON', { body: grantType }, 'invalid_request'],
    ['no grant_type', { body: '{}' }, 'invalid_request'],
    ['another grant_type', { body: '{"grant_type": "password"}' }, 'unsupported_grant_type'],
    ['a secret in the body, too', edited(podero, '{', '{"client_secret": "x",'), 'invalid_request'],
    ['no Basic', { headers: without(podero.headers, 'authorization') }, 'invalid_client'],
    ['Bearer', authorized('Bearer x'), 'invalid_client'],
    ['Basic without base64', authorized('Basic sandbox:sandbox-secret'), 'invalid_client'],
    ['Basic with a stray character', authorized(`${sandboxBasic}!`), 'invalid_client'],
    ['Basic without credentials', authorized('Basic'), 'invalid_client'],
    ['Basic without a colon', authorized(basic('sandbox')), 'invalid_client'],
    ['a wrong secret', authorized(basic('sandbox:guess')), 'invalid_client'],
    ['a form-encoded secret', authorized(basic('sandbox:sandbox%2Dsecret')), 'invalid_client'],
  ],
  optty: [
    ['GET', { method: 'GET', body: undefined }, 'invalid_request'],
    ['JSON', { headers: asJson, body: '{"client_id": "sandbox"}' }, 'invalid_request'],
    ['no query', { path: '/optty/token' }, 'invalid_request'],
    ['another query', { path: '/optty/token?expires_in=2' }, 'invalid_request'],
    ['the query twice', { path: '/optty/token?expires_in=1&expires_in=1' }, 'invalid_request'],
    ['no scope', edited(optty, '&scope=api-user', ''), 'invalid_request'],
    ['another scope', edited(optty, 'api-user', 'admin'), 'invalid_scope'],
    ['no grant_type', edited(optty, `&${grantType}`, ''), 'invalid_request'],
    ['another grant_type', edited(optty, 'client_credentials', 'password'), 'unsupported_grant_type'],
    ['a wrong secret', edited(optty, '-secret', '-guess'), 'invalid_client'],
  ],
  spotnana: [
    ['DELETE', { method: 'DELETE' }, 'invalid_request'],
    ['JSON', { headers: asJson, body: '{"client_id": "sandbox"}' }, 'invalid_request'],
    ['no id', edited(spotnana, 'client_id=sandbox&', ''), 'invalid_request'],
    ['an empty secret', edited(spotnana, 'sandbox-secret', ''), 'invalid_request'],
    ['no grant_type', edited(spotnana, `&${grantType}`, ''), 'invalid_request'],
    ['grant_type twice', edited(spotnana, grantType, `${grantType}&${grantType}`), 'invalid_request'],
    ['another grant_type', edited(spotnana, 'client_credentials', 'implicit'), 'unsupported_grant_type'],
    ['a lone percent sign', edited(spotnana, grantType, `${grantType}&x=%`), 'invalid_request'],
    ['bytes that are not UTF-8', edited(spotnana, grantType, `${grantType}&x=%ff`), 'invalid_request'],
    ['a line break', edited(spotnana, grantType, `${grantType}\n`), 'invalid_request'],
    ['a name without a value', edited(spotnana, grantType, `${grantType}&x`), 'invalid_request'],
    ['a wrong secret', edited(spotnana, '-secret', '-guess'), 'invalid_client'],
    ['Basic instead', { headers: { ...asForm, authorization: sandboxBasic }, body: grantType }, 'invalid_client'],
    ['Basic, too', { headers: { ...asForm, authorization: sandboxBasic } }, 'invalid_request'],
  ],
};

describe.each(providerNames)('a wrong token request to %s gets the error of RFC 6749', (provider) => {
  test.each(wrong[provider])('%s', async (_, change, error) => {
    const sandbox = await sandboxFor();
    const response = await send(sandbox, { ...tokenRequests[provider], ...change });
    expect(response.status).toBe(error === 'invalid_client' ? 401 : 400);
    expect(response.headers.get('cache-control')).toBe('no-store');
    // RFC 6749 §5.2: no quotes and no backslash in a description.
    const description = expect.stringMatching(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(await members(response)).toEqual({ error, error_description: description });
    expect(await state(sandbox, provider)).toMatchObject({ tokenRequests: 1, tokensIssued: 0, apiRequests: 0 });
  });

  test('more than 1 MiB', async () => {
    const request = tokenRequests[provider];
    const response = await send(await sandboxFor(), { ...request, body: ' '.repeat(1024 * 1024 + 1) });
    expect(response.status).toBe(413);
    expect(await members(response)).toMatchObject({ error: 'invalid_request' });
  });
});

describe('what surrounds a refusal', () => {
  test('JSON that is not UTF-8 is malformed, wherever it is not', async () => {
    const body = '{"clientID":"sandbox","clientSecret":"sandbox-secret","x":"\xff"}';
    const head = [`POST ${nitro.path} HTTP/1.1`, 'Content-Type: application/json', `Content-Length: ${body.length}`];
    expect(await raw(await sandboxFor(), head, body)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('a refusal names Basic where the client used it or had to, and nowhere else', async () => {
    const sandbox = await sandboxFor();
    const challenge = async (request: Sent) => (await send(sandbox, request)).headers.get('www-authenticate');
    expect(await challenge({ ...podero, headers: without(podero.headers, 'authorization') })).toMatch(/^Basic /);
    expect(await challenge({ ...podero, ...authorized(basic('a:b')) })).toMatch(/^Basic /);
    const asBasic = { ...spotnana.headers, authorization: sandboxBasic };
    expect(await challenge({ ...spotnana, headers: asBasic, body: grantType })).toMatch(/^Basic /);
    expect(await challenge({ ...spotnana, ...edited(spotnana, '-secret', '-guess') })).toBeNull();
  });

  test.each<[string, string]>([
    ['podero without its trailing slash', '/podero/oauth2/token'],
    ['nitro with a trailing slash', '/nitro/oauth/token/'],
    ['another provider’s path', '/spotnana/oauth/token'],
  ])('%s is no token endpoint but the API', async (_, path) => {
    const sandbox = await sandboxFor();
    const response = await send(sandbox, { ...nitro, path });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  });
});

function without(headers: Sent['headers'], dropped: string): Sent['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== dropped));
}

function edited({ body }: Sent, from: string, to: string): Partial<Sent> {
  return { body: body?.replace(from, to) };
}

function authorized(authorization: string): Partial<Sent> {
  return { headers: { ...podero.headers, authorization } };
}
