import { expect, test } from 'vitest';
import { leastRoutes, mainCredential, withCredential, withProvider } from './reading.ts';

test.each([
  [
    'nitro',
    '/oauth/token',
    {
      clientAuth: 'post',
      request: { format: 'json', fields: { clientId: 'clientID', clientSecret: 'clientSecret', grantType: null } },
    },
  ],
  [
    'podero',
    '/oauth2/token/',
    {
      clientAuth: 'basic',
      basicEncoding: 'raw',
      request: { format: 'json', headers: { 'Cache-Control': 'no-cache' } },
    },
  ],
  [
    'optty',
    '/token',
    { clientAuth: 'post', scope: ['api-user'], request: { format: 'form', query: { expires_in: '1' } } },
  ],
  ['spotnana', '/v2/auth/oauth2-token', { clientAuth: 'post', request: { format: 'form', query: {}, headers: {} } }],
])('%s asks for tokens as its pages say', (provider, path, options) => {
  expect(mainCredential(withProvider(provider))).toMatchObject({
    provider,
    tokenUrl: `https://id.example.com${path}`,
    ...options,
  });
});

test.each([
  ['nitro', 'https://api.gonitro.dev/oauth/token'],
  ['podero', 'https://app.podero.com/oauth2/token/'],
])('%s has one address, which can be left out', (provider, tokenUrl) => {
  const source = `credentials: {main: {provider: ${provider}, clientId: a, clientSecret: b}}\n${leastRoutes}`;
  expect(mainCredential(source).tokenUrl).toBe(tokenUrl);
});

test.each<[string, string, object]>([
  ['nitro', 'clientAuth: basic', { clientAuth: 'basic', request: { format: 'json' } }],
  [
    'nitro',
    'request: {format: form}',
    { request: { format: 'form', fields: { clientId: 'clientID', grantType: null } } },
  ],
  [
    'nitro',
    'request: {fields: {grantType: grant_type}}',
    { request: { fields: { grantType: 'grant_type', clientId: 'clientID' } } },
  ],
  [
    'nitro',
    'request: {fields: {clientId: null}}',
    { request: { fields: { clientId: null, clientSecret: 'clientSecret' } } },
  ],
  ['podero', 'basicEncoding: form', { basicEncoding: 'form' }],
  [
    'podero',
    'request: {headers: {Cache-Control: no-store, X-A: b}}',
    { request: { headers: { 'Cache-Control': 'no-store', 'X-A': 'b' } } },
  ],
  ['podero', 'request: {fields: {scope: null}}', { request: { fields: { scope: null, clientId: 'client_id' } } }],
  ['optty', 'scope: [a, b]', { scope: ['a', 'b'] }],
  ['optty', 'request: {query: {expires_in: "2"}}', { request: { query: { expires_in: '2' } } }],
  [
    'spotnana',
    'response: {accessToken: /data/token}',
    { response: { accessToken: ['/data/token'], expiresIn: ['expires_in', 'expiresIn'] } },
  ],
])('of %s every default can be overridden: %s', (provider, more, result) => {
  expect(mainCredential(withProvider(provider, more))).toMatchObject(result);
});

test.each([
  'clientAuth: ',
  'clientAuth: ""',
  'request: ',
  'request: {format: }',
  'request: {fields: }',
  'request: {fields: {grantType: ""}}',
])('an empty key leaves the default of the preset: %s', (more) => {
  const [given, plain] = [more, ''].map((text) => JSON.stringify(mainCredential(withProvider('nitro', text))));
  expect(given).toBe(plain);
});

test('null leaves a parameter out, with a preset and without', () => {
  const more = 'request: {fields: {grantType: null, scope: }}';
  expect(mainCredential(withCredential(more)).request.fields).toMatchObject({ grantType: null, scope: null });
  expect(mainCredential(withProvider('optty', more)).request.fields).toMatchObject({ grantType: null, scope: null });
});

test.each<[string, object]>([
  ['', { header: undefined, scheme: undefined, query: undefined }],
  ['inject: {header: X-Api-Key, scheme: ""}', { header: 'X-Api-Key', scheme: '' }],
  ['inject: {scheme: Token}', { scheme: 'Token' }],
  ['inject: {scheme: null}', { scheme: undefined }],
  ['inject: {query: access_token}', { query: 'access_token' }],
  ['inject: {query: access_token, header: "", scheme: }', { query: 'access_token', header: undefined }],
])('a token is put where inject says: %s', (more, result) => {
  const { header, scheme, query } = mainCredential(withCredential(more)).inject;
  expect({ header, scheme, query }).toMatchObject(result);
});

test.each<[string, readonly string[]]>([
  ['a', ['a']],
  ['" a  b "', ['a', 'b']],
  ['[a, b]', ['a', 'b']],
])('the scope %s is %j', (written, scope) => {
  expect(mainCredential(withCredential(`scope: ${written}`)).scope).toEqual(scope);
});
