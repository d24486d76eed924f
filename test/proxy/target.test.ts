import { describe, expect, test } from 'vitest';
import { parseTarget, withoutParameter } from '../../src/proxy/target.ts';

describe('what is data passes as the bytes that came', () => {
  test.each([
    '/',
    '/api',
    '/api/',
    '/api/a%2Fb',
    '/api/a%2fb/c',
    '/api/a%5Cb',
    '/api/%252e%252e/x',
    '/api/%252fx',
    '/api/a//b',
    '/api/a///',
    '/api/...',
    '/api/.hidden',
    '/api/a..b/..c/d..',
    '/api/a;b=c/x',
    '/api/;..',
    '/api/a%3f/x',
    '/api/%3f../x%23..',
    '/api/%c0%ae%c0%ae/x',
    '/api/%E2%82%AC',
    '/api/"<>^`{|}',
    "/api/:@!$&'()*+,;=~_-",
    '/API/x',
    '/@scope%2fname',
    '/api/http://evil.example/x',
  ])('path %s', (path) => {
    expect(parseTarget(path)).toEqual({ absolute: undefined, path, query: '' });
  });

  test.each(['?', '?x=/../..', '?a=%2e%2e%2f', '?%', '?%zz=%0', '?a?b', '?//', '?%00', '?"<>'])('query %s', (query) => {
    expect(parseTarget(`/api${query}`)).toEqual({ absolute: undefined, path: '/api', query });
  });
});

describe('what could be read in two ways is refused', () => {
  test.each([
    ['a ".." segment', ['/api/..', '/api/../admin', '/..', '/api/a/../b', '/api//../x']],
    ['a "." segment', ['/api/.', '/api/./x', '/.']],
    ['one that is encoded', ['/api/%2e%2e/admin', '/api/%2E./x', '/api/.%2e', '/api/%2e', '/%2E%2E']],
    ['one behind an encoded slash', ['/api/x%2f..%2fy', '/api/..%2fx', '/api%2f..%2fadmin', '/api/x%2F%2e%2e']],
    ['one behind an encoded backslash', ['/api%5c..%5cadmin', '/api/%5c..', '/api/x%5C%2e%2e%5Cy']],
    ['one with parameters', ['/api/..;/admin', '/api/..;a=b/x', '/api/%2e%2e;/x', '/api/..%3bx', '/api/.;/x']],
    ['one before an encoded "?"', ['/api/..%3f/y', '/api/..%3Fx', '/api/%2e%2e%3f', '/api/.%3f/y', '/api%2f..%3fx']],
    ['one before an encoded "#"', ['/api/..%23/y', '/api/..%23', '/api/%2E%2e%23x', '/api/.%23/y']],
    ['a backslash', ['/\\evil.example/x', '/api\\..\\admin', '/api/x?\\']],
    ['two slashes at the start', ['//api/x', '///evil.example/x', '//', '//evil.example']],
    ['a fragment', ['/api/x#frag', '/api#/../admin', '/api?x#y', '#']],
    ['an encoded NUL', ['/api/%00', '/api/a%00.json']],
    ['a "%" that encodes nothing', ['/api/%zz', '/api/%', '/api/%2', '/%%36%36', '/api/%u002e']],
    ['bytes that may not stand in a target', ['/a b', '/a\tb', '/a\x7f', '/a\x80', '/a\0', '/a\r\n', '/é', '']],
    ['neither a path nor a URL', ['*', 'api/x', '?x', 'localhost:8080', 'http:/x', 'http:x', '://x']],
    ['another scheme', ['file:///etc/passwd', 'gopher://x/', 'ftp://localhost/', 'ws://localhost/', 'https+x://a/']],
    ['user information', ['http://u:p@localhost/', 'http://localhost@evil.example/', 'http://@localhost/x']],
    [
      'dot segments of an absolute URL',
      ['http://localhost/api/../x', 'http://localhost/%2e%2e', 'http://localhost//x'],
    ],
  ])('%s', (_, targets) => {
    for (const target of targets) {
      expect(() => parseTarget(target), target).toThrow(expect.objectContaining({ code: 'bad_request' }));
    }
  });
});

test.each([
  [
    'http://localhost:8080/api/x?y',
    { absolute: { scheme: 'http', authority: 'localhost:8080' }, path: '/api/x', query: '?y' },
  ],
  ['HTTPS://Localhost/x', { absolute: { scheme: 'HTTPS', authority: 'Localhost' }, path: '/x', query: '' }],
  ['http://localhost', { absolute: { scheme: 'http', authority: 'localhost' }, path: '/', query: '' }],
  ['http://localhost?x=/@', { absolute: { scheme: 'http', authority: 'localhost' }, path: '/', query: '?x=/@' }],
  ['http://localhost/a@b', { absolute: { scheme: 'http', authority: 'localhost' }, path: '/a@b', query: '' }],
  ['http://[::1]:8080/x', { absolute: { scheme: 'http', authority: '[::1]:8080' }, path: '/x', query: '' }],
])('an absolute URL is taken apart: %s', (target, parts) => {
  expect(parseTarget(target)).toEqual(parts);
});

test.each([
  ['', ''],
  ['?', ''],
  ['?a=1&b=2', '?a=1&b=2'],
  ['?token=x', ''],
  ['?token', ''],
  ['?a=1&token=x&b=2', '?a=1&b=2'],
  ['?token=x&token=y&a=token', '?a=token'],
  ['?%74oken=x&a=%74oken', '?a=%74oken'],
  ['?tokens=1&Token=2', '?tokens=1&Token=2'],
  ['?a=%zz&%zz=b&&c', '?a=%zz&%zz=b&&c'],
  ['?%74%6f%6B%65%6e=x&%74%6f%6B%65%6=y', '?%74%6f%6B%65%6=y'],
  ['?%2574oken=x', '?%2574oken=x'],
])('the client\'s own parameter "token" leaves %j as %j', (query, left) => {
  expect(withoutParameter(query, 'token')).toBe(left);
});

test('a parameter whose name has a space is found in both of its spellings', () => {
  expect(withoutParameter('?api+key=1&api%20key=2&apikey=3', 'api key')).toBe('?apikey=3');
});

test('a parameter is found whose name is not ASCII, and one that is no UTF-8 is left', () => {
  expect(withoutParameter('?cl%C3%A9=1&cl%e9=2&%63l%c3%a9=3', 'clé')).toBe('?cl%e9=2');
});

test('one "%" that encodes nothing does not hide the rest of a name that is another one', () => {
  expect(withoutParameter('?a%63cess%5ftoken=1&a%63cess%5ftoken%=2', 'access_token')).toBe('?a%63cess%5ftoken%=2');
  expect(withoutParameter('?100%25%20%6bey=1&100%%20%6bey=2', '100% key')).toBe('');
});
