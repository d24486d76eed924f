import { expect, test } from 'vitest';
import { expectNoCanary } from '../support/canary.ts';
import { read } from './response.ts';

test.each<[string, unknown, string]>([
  ['a name', 'token', '{"token":"t"}'],
  ['a JSON Pointer', '/data/token', '{"data":{"token":"t"}}'],
  ['a pointer into an array', '/tokens/1/value', '{"tokens":[{},{"value":"t"}]}'],
  ['a pointer with escapes', '/a~1b/c~0d', '{"a/b":{"c~d":"t"}}'],
  ['a pointer to ~1, which is escaped once', '/~01', '{"~1":"t"}'],
  ['a pointer to an empty name', '//x', '{"":{"x":"t"}}'],
  ['a name with a dot is one name', 'data.token', '{"data.token":"t"}'],
  ['a name with a tilde is as it stands', 'a~1b', '{"a~1b":"t"}'],
  ['several: the first that is there', ['a', '/b/c', 'd'], '{"b":{"c":"t"},"d":"other"}'],
  ['several: null is not there', ['a', 'b'], '{"a":null,"b":"t"}'],
])('accessToken is found by %s', (_, accessToken, body) => {
  expect(read(body, { spelt: { response: { accessToken } } }).token).toBe('t');
});

test.each(['toString', 'constructor', '/__proto__/x', '/access_token/length', '/0'])(
  'accessToken %s finds nothing that the answer does not say',
  (accessToken) => {
    expect(read({ access_token: 'x' }, { spelt: { response: { accessToken } } }).code).toBe('token_invalid');
  },
);

test('type and lifetime can be elsewhere, too', () => {
  const response = { accessToken: '/r/t', tokenType: '/r/k', expiresIn: '/r/l' };

  expect(read({ r: { t: 'x', k: 'bearer', l: 60 } }, { spelt: { response } })).toMatchObject({
    ...{ token: 'x', lifetimeMs: 60_000 },
  });
  expect(read({ r: { t: 'x', k: 'mac', l: 60 } }, { spelt: { response } }).code).toBe('token_invalid');
});

test('without a mapping both usual forms are understood', () => {
  expect(read({ access_token: 'x', token_type: 'Bearer', expires_in: 60 })).toMatchObject({ lifetimeMs: 60_000 });
  expect(read({ accessToken: 'x', tokenType: 'Bearer', expiresIn: 60 })).toMatchObject({ lifetimeMs: 60_000 });
});

test.each<[unknown, string | undefined, boolean]>([
  [undefined, undefined, true],
  [null, undefined, true],
  ['Bearer', undefined, true],
  ['bearer', undefined, true],
  ['BEARER', undefined, true],
  ['mac', undefined, false],
  ['DPoP', undefined, false],
  ['', undefined, false],
  [7, undefined, false],
  [['Bearer'], undefined, false],
  ['DPoP', 'DPoP', true],
  ['dpop', 'DPoP', true],
  ['Bearer', 'Token', true],
  ['mac', 'Token', false],
  ['Bearer', '', true],
])('T06 token_type %o with inject.scheme %o: usable is %o', (token_type, scheme, usable) => {
  const outcome = read({ access_token: 'x', token_type }, { spelt: { inject: { scheme } } });

  expect(outcome.code).toBe(usable ? undefined : 'token_invalid');
});

test.each<[string, unknown]>([
  ['empty', ''],
  ['CR and LF', 'a\r\nX-Evil: 1'],
  ['LF', 'a\n'],
  ['a space', 'a b'],
  ['a tab', 'a\tb'],
  ['NUL', 'a\u0000'],
  ['DEL', 'a\u007f'],
  ['é', 'aé'],
  ['a lone surrogate', 'a\ud800'],
  ['a number', 12_345],
  ['true', true],
  ['an object', {}],
  ['an array', ['a']],
  ['null', null],
  ['100 KB', 'x'.repeat(100_000)],
])('T05 an access token that is %s is never put into a header', (_, access_token) => {
  expect(read({ access_token }).code).toBe('token_invalid');
});

test('every visible ASCII character may stand in a token, up to 16 KiB of them', () => {
  const all = Array.from({ length: 0x7e - 0x20 }, (_, i) => String.fromCharCode(0x21 + i)).join('');

  expect(read({ access_token: all }).token).toBe(all);
  expect(read({ access_token: 'x'.repeat(16_384) }).code).toBeUndefined();
  expect(read({ access_token: 'x'.repeat(16_385) }).code).toBe('token_invalid');
});

test.each<[string, string]>([
  ['nothing', ''],
  ['HTML', '<html>canary-secret</html>'],
  ['half of JSON', '{"access_token":"canary-token-1"'],
  ['an array', '[{"access_token":"canary-token-1"}]'],
  ['null', 'null'],
  ['a number', '7'],
  ['a text', '"canary-token-1"'],
  ['JSON without a token', '{"token":"canary-token-1"}'],
  ['two objects', '{"access_token":"x"}{"access_token":"y"}'],
  ['nesting without end', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['nesting without end in a member', `{"a":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}}`],
])('T01–T03 200 with %s cannot be used, and is not repeated', (_, body) => {
  const { code, detail } = read(body);

  expect(code).toBe('token_invalid');
  expectNoCanary(detail, 'the detail');
});

test('a byte order mark is skipped; of duplicate members the last counts; unknown ones are ignored', () => {
  expect(read('\uFEFF{"access_token":"x"}').token).toBe('x');
  expect(read('{"access_token":"x","access_token":"y"}').token).toBe('y');
  expect(read('{"access_token":"x","__proto__":{"token_type":"mac"},"scope":7}').token).toBe('x');
});

test.each<[number, string]>([
  [400, 'token_refused'],
  [401, 'token_refused'],
  [403, 'token_refused'],
  [404, 'token_refused'],
  [413, 'token_refused'],
  [499, 'token_refused'],
  [408, 'token_unavailable'],
  [429, 'token_unavailable'],
  [500, 'token_unavailable'],
  [502, 'token_unavailable'],
  [503, 'token_unavailable'],
  [599, 'token_unavailable'],
  [300, 'token_invalid'],
  [302, 'token_invalid'],
  [304, 'token_invalid'],
  [307, 'token_invalid'],
])('status %d is %s, whatever its body', (status, code) => {
  for (const body of ['{"access_token":"x"}', '{"error":"invalid_client"}', '', '<html>', 'null']) {
    expect(read(body, { answer: { status } }).code).toBe(code);
  }
});

test('T04 a success that says error is none (RFC 6749 §5.2)', () => {
  expect(read({ error: 'invalid_client', access_token: 'x' }).code).toBe('token_refused');
  expect(read({ error: 'my_own', error_description: 'canary-secret+/%&=:é"7' })).toMatchObject({
    code: 'token_refused',
    detail: 'the token endpoint answered with an error',
  });
  expect(read({ error: null, access_token: 'x' }).token).toBe('x');
});

test('a refusal tells the error code of the standards and nothing else of the body', () => {
  const told = read({ error: 'invalid_scope', error_description: 'canary' }, { answer: { status: 400 } });

  expect(told.detail).toBe('the token endpoint answered 400 invalid_scope');
  expect(read({ error: 'canary' }, { answer: { status: 400 } }).detail).toBe('the token endpoint answered 400');
});

test.each<[unknown, readonly string[]]>([
  ['orders users', []],
  ['users orders more', []],
  [undefined, []],
  [null, []],
  [7, []],
  ['orders', ['users']],
  ['', ['orders', 'users']],
])(
  'T24 a token for orders and users whose scope is %j: what it lacks of these is %j, and a warning',
  (scope, lacks) => {
    const { token, warnings } = read({ access_token: 'x', scope }, { spelt: { scope: ['orders', 'users'] } });

    expect(token).toBe('x');
    expect(warnings).toEqual(
      lacks.length === 0 ? [] : [`the token endpoint grants less than was asked for; scope lacks: ${lacks.join(' ')}`],
    );
  },
);

test('T24 who asked for no scope is told of none', () => {
  expect(read({ access_token: 'x', scope: 'less' }).warnings).toEqual([]);
});

test.each<[string | undefined, boolean]>([
  ['application/json', true],
  ['application/json;charset=UTF-8', true],
  ['Application/JSON ; charset=utf-8', true],
  ['application/vnd.token+json', true],
  ['text/plain', false],
  ['text/html; charset=utf-8', false],
  ['application/jsonp', false],
  ['', false],
  [undefined, false],
])('T20 a token in JSON is taken from an answer of type %j; without a warning: %j', (contentType, isRight) => {
  const { token, warnings } = read({ access_token: 'x' }, { answer: { contentType } });

  expect(token).toBe('x');
  expect(warnings).toEqual(
    isRight ? [] : [expect.stringMatching(/^the token endpoint's answer is JSON, though its Content-Type/)],
  );
});

test('201 with a token is a success, too', () => {
  expect(read({ access_token: 'x' }, { answer: { status: 201 } }).token).toBe('x');
});
