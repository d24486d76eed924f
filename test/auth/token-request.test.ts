import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { clientAuth } from '../../src/auth/client-auth.ts';
import { tokenRequest } from '../../src/auth/token-request.ts';
import { fixedSecret } from '../../src/secret.ts';
import { CLIENT_ID } from '../support/canary.ts';
import { credentialOf } from './credential.ts';

/** Every character that one of the encodings changes. */
const SECRET = 'a+b/c:d%e é';

async function requestOf(spelt: Readonly<Record<string, unknown>>) {
  const options = { ...credentialOf(spelt), clientSecret: fixedSecret(SECRET) };
  const { tokenUrl = '' } = options;
  const client = await clientAuth(options).proof({
    tokenUrl,
    wallMs: 0,
    newId: randomUUID,
    read: async (secret) => (await secret.read()).reveal(),
  });
  const parts = { url: tokenUrl, grantType: 'client_credentials', grant: [], client };
  const { url, headers, body } = tokenRequest(options, parts);
  const basic = /^Basic (.+)$/.exec(headers['authorization'] ?? '')?.[1];
  return {
    url,
    headers,
    body,
    form: Object.fromEntries(new URLSearchParams(body)),
    basic: basic === undefined ? undefined : Buffer.from(basic, 'base64').toString('utf8'),
  };
}

test('a plain credential is asked for as RFC 6749 §4.4.2 shows: a form, and HTTP Basic', async () => {
  const { url, headers, body, basic } = await requestOf({});

  expect(url).toBe('https://id.example.com/token');
  expect(body).toBe('grant_type=client_credentials');
  expect(headers).toMatchObject({ 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' });
  expect(basic).toBe(`${CLIENT_ID}:a%2Bb%2Fc%3Ad%25e+%C3%A9`);
});

test('T25 basicEncoding form: id and secret are form-encoded each, so that a colon in one cannot end it', async () => {
  expect((await requestOf({ clientId: 'i:d é', basicEncoding: 'form' })).basic).toBe(
    'i%3Ad+%C3%A9:a%2Bb%2Fc%3Ad%25e+%C3%A9',
  );
});

test('basicEncoding raw: base64 of the bare strings, as UTF-8', async () => {
  expect((await requestOf({ basicEncoding: 'raw' })).basic).toBe(`${CLIENT_ID}:${SECRET}`);
});

test('clientAuth post: id and secret are in the form, encoded once, and nowhere else', async () => {
  const { headers, body, form } = await requestOf({ clientAuth: 'post' });

  expect(form).toEqual({ grant_type: 'client_credentials', client_id: CLIENT_ID, client_secret: SECRET });
  expect(body).toContain('client_secret=a%2Bb%2Fc%3Ad%25e+%C3%A9');
  expect(headers).not.toHaveProperty('authorization');
});

test('clientAuth post in JSON: the same fields as members', async () => {
  const { headers, body } = await requestOf({ clientAuth: 'post', request: { format: 'json' } });

  expect(headers['content-type']).toBe('application/json');
  expect(JSON.parse(body)).toEqual({
    grant_type: 'client_credentials',
    client_id: CLIENT_ID,
    client_secret: SECRET,
  });
});

test('clientAuth basic in JSON: no secret in the body', async () => {
  const { body, basic } = await requestOf({ request: { format: 'json' } });

  expect(JSON.parse(body)).toEqual({ grant_type: 'client_credentials' });
  expect(basic).toContain(CLIENT_ID);
});

test('scopes are joined with spaces, spelt as a list or as text; audience goes beside them', async () => {
  const spelt = { audience: 'https://crm.example.com' };

  for (const scope of [['orders', 'users'], 'orders users']) {
    expect((await requestOf({ ...spelt, scope })).form).toEqual({
      grant_type: 'client_credentials',
      scope: 'orders users',
      audience: 'https://crm.example.com',
    });
  }
  expect(
    JSON.parse((await requestOf({ ...spelt, scope: ['a', 'b'], request: { format: 'json' } })).body),
  ).toMatchObject({
    scope: 'a b',
  });
});

test('resource is one parameter each (RFC 8707 §2); in JSON a list, if there are several', async () => {
  const [one, two] = ['https://a.example.com', 'urn:b'];
  const json = { format: 'json' };

  expect((await requestOf({ resource: [one, two] })).body).toContain(
    '&resource=https%3A%2F%2Fa.example.com&resource=urn%3Ab',
  );
  expect(JSON.parse((await requestOf({ resource: [one, two], request: json })).body)).toMatchObject({
    resource: [one, two],
  });
  expect(JSON.parse((await requestOf({ resource: one, request: json })).body)).toMatchObject({ resource: one });
});

test('every field can have another name', async () => {
  const fields = { clientId: 'id', clientSecret: 'key', grantType: 'grant', scope: 'scopes', audience: 'resource' };

  expect((await requestOf({ clientAuth: 'post', scope: 'x', audience: 'y', request: { fields } })).form).toEqual({
    ...{ id: CLIENT_ID, key: SECRET, grant: 'client_credentials', scopes: 'x', resource: 'y' },
  });
});

test.each([
  ['clientId', 'client_id'],
  ['clientSecret', 'client_secret'],
  ['grantType', 'grant_type'],
  ['scope', 'scope'],
  ['audience', 'audience'],
])('fields.%s: null leaves it out, and only it', async (field, name) => {
  const spelt = { clientAuth: 'post', scope: 'x', audience: 'y' };
  const { [name]: left, ...others } = (await requestOf(spelt)).form;

  expect(left).toBeDefined();
  expect((await requestOf({ ...spelt, request: { fields: { [field]: null } } })).form).toEqual(others);
});

test('params are more fields of the body, and stand over ours of the same name', async () => {
  const params = { resource: 'https://a.example/ü?x=1&y', grant_type: 'urn:custom' };

  expect((await requestOf({ request: { params } })).form).toEqual(params);
  expect(JSON.parse((await requestOf({ request: { params, format: 'json' } })).body)).toEqual(params);
});

test('query parameters are added to the URL, behind those it has', async () => {
  const query = { expires_in: '1', 'a b': 'c&d' };

  expect((await requestOf({ request: { query } })).url).toBe('https://id.example.com/token?expires_in=1&a+b=c%26d');
  expect((await requestOf({ tokenUrl: 'https://id.example.com/token?v=2', request: { query } })).url).toBe(
    'https://id.example.com/token?v=2&expires_in=1&a+b=c%26d',
  );
});

test('headers are added, and stand over ours whatever their case', async () => {
  const { headers } = await requestOf({
    request: { headers: { 'Content-Type': 'application/vnd.api+json', 'X-Tenant': 'blue', 'USER-AGENT': 'crm' } },
  });

  expect(headers).toEqual({
    accept: 'application/json',
    authorization: expect.stringMatching(/^Basic /),
    'content-type': 'application/vnd.api+json',
    'user-agent': 'crm',
    'x-tenant': 'blue',
  });
});

test('every default of a preset can be overridden, and what is not named stays the preset', async () => {
  const { url, headers, body } = await requestOf({
    tokenUrl: undefined,
    provider: 'nitro',
    baseUrl: 'https://other.example/api/',
    request: { fields: { grantType: 'grant_type' }, headers: { 'X-Tenant': 'blue' } },
  });

  expect(url).toBe('https://other.example/api/oauth/token');
  expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-tenant': 'blue' });
  expect(JSON.parse(body)).toEqual({ clientID: CLIENT_ID, clientSecret: SECRET, grant_type: 'client_credentials' });
});

test.each([
  ['nitro', 'https://api.gonitro.dev/oauth/token'],
  ['podero', 'https://app.podero.com/oauth2/token/'],
])('%s has one API for everybody, which need not be spelt', async (provider, url) => {
  expect((await requestOf({ tokenUrl: undefined, provider })).url).toBe(url);
});
