/** Where an API points to within its own base is told to the client as it can ask for it. */
import { describe, expect, test } from 'vitest';
import { configuredOrigin, parseAuthority } from '../../src/authority.ts';
import { Fields } from '../../src/fields.ts';
import { relocated } from '../../src/proxy/location.ts';

interface Asked {
  readonly prefix?: string;
  readonly upstream?: string;
  readonly basePath?: string;
  /** Behind prefix or base. */
  readonly rest?: string;
  /** The authority asked for, in forward mode. */
  readonly forward?: string;
}

/** What becomes of a Location, by default in an answer to `/p/v1/a` by way of `/p` → `https://api.test/base`. */
function told(reference: string, asked: Asked = {}): string | undefined {
  const { prefix = '/p', upstream = 'https://api.test', basePath = '/base', rest = '/v1/a', forward } = asked;
  const authority = forward === undefined ? undefined : parseAuthority(forward);
  const route = { prefix, origin: configuredOrigin(upstream), basePath };
  return relocated(new Fields(['Location', reference]), { route, rest, forward: authority }).get('location');
}

describe('behind a prefix', () => {
  test.each<[string, string, Asked?]>([
    ['https://api.test/base/x?y#z', '/p/x?y#z'],
    ['https://api.test/base', '/p'],
    ['https://api.test/base/', '/p/'],
    ['https://api.test/base?x', '/p?x'],
    ['HTTPS://API.test.:443/base/x', '/p/x'],
    ['//api.test/base/x', '/p/x'],
    ['/base/x', '/p/x'],
    ['/base', '/p'],
    ['/base/v1/../x', '/p/x'],
    ['/x/../base/y', '/p/y'],
    ['https://api.test/base/./x/', '/p/x/'],
    ['/base/x//y%2F%252e', '/p/x//y%2F%252e'],
    ['../../base/x', '/p/x'],
    ['/base/x', '/base/x', { prefix: '/base' }],
    ['/v1/x', '/p/v1/x', { basePath: '' }],
    ['/', '/p/', { basePath: '' }],
    ['https://api.test', '/p/', { basePath: '' }],
    ['https://api.test?x', '/p/?x', { basePath: '' }],
    ['https://api.test/base/x', '/x', { prefix: '/' }],
    ['https://api.test/base', '/', { prefix: '/' }],
    ['/base/x', '/x', { prefix: '/' }],
    ['https://api.test:8443/base/x', '/p/x', { upstream: 'https://api.test:8443' }],
    ['http://[2001:DB8:0::1]/base/x', '/p/x', { upstream: 'http://[2001:db8::1]:80' }],
    // The upstream was asked for "/", the client asked for "/p": what is relative does not resolve alike.
    ['x', '/p/x', { basePath: '', rest: '' }],
    ['../../../x', '/p/x', { basePath: '', rest: '/v1/a' }],
    ['..', '/p/', { basePath: '', rest: '/a' }],
  ])('%s becomes %s (%j)', (reference, expected, asked) => {
    expect(told(reference, asked)).toBe(expected);
  });

  test.each<[string, Asked?]>([
    ['https://api.test/based/x'],
    ['https://api.test/other'],
    ['https://api.test'],
    ['/other'],
    ['/'],
    ['https://api.test/base/../other'],
    ['/base/../other'],
    ['https://api.test/base/%2e%2e/other'],
    ['https://api.test/base/..;/other'],
    ['https://api.test/BASE/x'],
    ['http://api.test/base/x'],
    ['https://api.test:8443/base/x'],
    ['https://www.api.test/base/x'],
    ['https://api.test.evil.test/base/x'],
    ['https://user@api.test/base/x'],
    ['https://api.test@evil.test/base/x'],
    ['ftp://api.test/base/x'],
    ['myapp:/base/x'],
    ['urn:x'],
    ['//evil.test/base/x'],
    ['///base/x'],
    ['https:///base/x'],
    ['https:/base/x'],
    ['x'],
    ['./x'],
    ['../x'],
    ['?x'],
    ['#x'],
    [''],
    ['x', { rest: '' }],
    ['../../../x'],
    // A browser would take what is left of them for another host.
    ['https://api.test/base//evil.test/x', { prefix: '/' }],
    ['https://api.test/base/\\evil.test/x', { prefix: '/' }],
    ['https://api.test//evil.test', { basePath: '', prefix: '/' }],
    ['https://api.test/x/..//evil.test', { basePath: '', prefix: '/' }],
    ['x', { basePath: '', rest: '/v1/a' }],
    ['/v1/x', { basePath: '', prefix: '/' }],
    ['/p/x', { basePath: '/p' }],
    ['https://api.test/base/x', { upstream: 'http://api.test' }],
  ])('%s stays (%j)', (reference, asked) => {
    expect(told(reference, asked)).toBe(reference);
  });
});

describe('in forward mode', () => {
  test.each<[string, string]>([
    ['https://api.test/base/x?y#z', 'http://Api.Test:80/base/x?y#z'],
    ['https://api.test:443/base', 'http://Api.Test:80/base'],
    ['//api.test/base/x', 'http://Api.Test:80/base/x'],
    ['https://api.test/x/../base/y', 'http://Api.Test:80/base/y'],
  ])('%s becomes %s', (reference, expected) => {
    expect(told(reference, { forward: 'Api.Test:80' })).toBe(expected);
  });

  test.each([
    '/base/x',
    '/other',
    'x',
    '../x',
    '?x',
    'https://api.test/other',
    'https://evil.test/base/x',
    'http://api.test/base/x',
  ])('%s stays', (reference) => {
    expect(told(reference, { forward: 'Api.Test:80' })).toBe(reference);
  });

  test('a URL without a path is one with "/"', () => {
    expect(told('https://api.test?x', { basePath: '', forward: '[::1]' })).toBe('http://[::1]/?x');
  });
});

test('all else stays, in order and case; an answer in which nothing changes is the same object', () => {
  const match = {
    route: { prefix: '/p', origin: configuredOrigin('https://api.test'), basePath: '' },
    ...{ rest: '/x', forward: undefined },
  };
  const lines = [
    'X-A',
    'https://api.test/x',
    'LOCATION',
    '/x',
    'Content-Location',
    '/x',
    'location',
    'y',
    'Link',
    '</x>',
  ];
  expect(relocated(new Fields(lines), match).lines).toEqual(lines.with(3, '/p/x'));
  for (const same of [
    ['X-A', '/x'],
    ['Location', 'https://b.test/'],
    ['Content-Location', '/x'],
  ]) {
    const fields = new Fields(same);
    expect(relocated(fields, match)).toBe(fields);
  }
});
