/** Credentials whose token is given: static, api_key, basic, file. */
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { faultsOf, leastRoutes, ofType, read } from './reading.ts';

const withMain = (main: string): string => `credentials: {main: {${main}}}\n${leastRoutes}`;
const main = (spelt: string) => read(withMain(spelt)).credentials['main'];

test('a static token goes where access tokens go', () => {
  expect(ofType('static', main('type: static, token: abc'))).toMatchObject({ inject: {}, required: true });
});

test('an API key has no scheme, unless it is given one', () => {
  const inject = (spelt: string) => ofType('api_key', main(`type: api_key, value: abc, inject: {${spelt}}`)).inject;

  expect(inject('header: X-Api-Key')).toEqual({ header: 'X-Api-Key', scheme: '' });
  expect(inject('header: X-Api-Key, scheme: Key')).toEqual({ header: 'X-Api-Key', scheme: 'Key' });
  expect(inject('query: key')).toEqual({ query: 'key' });
});

test('name and password go as Basic', () => {
  expect(ofType('basic', main('type: basic, username: me, password: abc')).inject).toEqual({ scheme: 'Basic' });
});

test('the file of a token need not be there yet; its path begins at the folder of the config', () => {
  const source = withMain('type: file, path: run/token');
  const { path } = ofType('file', read(source, {}, '/etc/b/proxy.yaml').credentials['main']);

  expect(path).toBe(resolve('/etc/b', join('run', 'token')));
});

test.each<[string, string, RegExp]>([
  ['static', 'token', /\.token: is required \(or tokenFile\)/],
  ['api_key, inject: {header: a}', 'value', /\.value: is required \(or valueFile\)/],
  ['basic, username: me', 'password', /\.password: is required \(or passwordFile\)/],
])('type %s needs its %s, as it is or in a file, not both', (type, key, fault) => {
  expect(faultsOf(withMain(`type: ${type}`))).toEqual([expect.stringMatching(fault)]);
  expect(faultsOf(withMain(`type: ${type}, ${key}: "", ${key}File: `))).toEqual([expect.stringMatching(fault)]);
  expect(faultsOf(withMain(`type: ${type}, ${key}: abc, ${key}File: proxy.yaml`))).toEqual([
    expect.stringMatching(new RegExp(`\\.${key}File: stands beside ${key}`)),
  ]);
  expect(faultsOf(withMain(`type: ${type}, ${key}File: proxy.yaml`))).toEqual([]);
  expect(faultsOf(withMain(`type: ${type}, ${key}File: /not/there`))).toEqual([
    expect.stringMatching(new RegExp(`\\.${key}File: names a file that does not exist`)),
  ]);
});

test.each<[string, string, RegExp]>([
  ['a scheme before a static token', 'type: static, token: Bearer abc', /token: is no token: it has a space/],
  ['a static token that is not ASCII', 'type: static, token: "ä"', /token: is no token/],
  ['a static token beyond every header', `type: static, token: ${'x'.repeat(16_385)}`, /token: is longer/],
  ['an API key nowhere', 'type: api_key, value: abc', /inject: is required: the header or the query/],
  ['an API key with an empty place', 'type: api_key, value: abc, inject: {header: ""}', /inject: is required/],
  [
    'an API key in two places',
    'type: api_key, value: abc, inject: {header: a, query: b}',
    /inject\.query: stands beside/,
  ],
  ['an API key that no header takes', 'type: api_key, value: "ä", inject: {header: a}', /value: is not a field value/],
  ['a colon in a username', 'type: basic, username: "a:b", password: x', /username: has a ":"/],
  ['a line break in a username', 'type: basic, username: "a\\nb", password: x', /username: has a control character/],
  ['a line break in a password', 'type: basic, username: a, password: "x\\ny"', /password: has a control character/],
  ['a password without a name', 'type: basic, password: x', /username: is required/],
  ['a file without a path', 'type: file', /path: is required/],
  [
    'a key that is for another kind',
    'type: static, token: x, clientId: y',
    /clientId: is for type: client_credentials/,
  ],
  ['a lifetime of what does not expire', 'type: static, token: x, lifetime: {max: 1h}', /lifetime: is for type: /],
  ['a scheme for Basic', 'type: basic, username: a, password: x, inject: {scheme: y}', /inject\.scheme: is /],
  ['a kind that is nearly known', 'type: apikey, value: x', /type: is none of the words known here.*api_key/],
])('%s is a fault', (_, spelt, fault) => {
  expect(faultsOf(withMain(spelt))).toEqual([expect.stringMatching(fault)]);
});

test('an API key for the query may be any text', () => {
  expect(faultsOf(withMain('type: api_key, value: "ä &=\\n", inject: {query: key}'))).toEqual([]);
});

test('a route may not set the field that a given token goes into', () => {
  const routes =
    'routes: [{prefix: /a, upstream: "https://a.example", credential: main, headers: {set: {x_api-key: b}}}]\n';
  const credentials = 'credentials: {main: {type: api_key, value: abc, inject: {header: X-Api-Key}}}\n';

  expect(faultsOf(`${credentials}${routes}`)).toEqual([expect.stringMatching(/is where credential "main" puts/)]);
});

test.each([
  'static, token: V V',
  'api_key, inject: {header: a}, value: "Vä"',
  'basic, username: "V:", password: "V\\n"',
])('no message repeats a value: type %s', (spelt) => {
  const faults = faultsOf(withMain(`type: ${spelt.replaceAll('V', 'canary-secret-7')}`));

  expect(faults).not.toEqual([]);
  expect(faults.join('\n')).not.toContain('canary');
});
