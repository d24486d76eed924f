/** Routes found by an absolute URL of their upstream. */
import { describe, expect, test } from 'vitest';
import { type AskedAuthority, configuredOrigin, parseAuthority } from '../../src/authority.ts';
import { fieldPolicy } from '../../src/proxy/headers.ts';
import { InFlight } from '../../src/proxy/in-flight.ts';
import { pathPattern } from '../../src/proxy/path-pattern.ts';
import { type Route, RouteTable, upstreamTarget } from '../../src/proxy/route-table.ts';
import { parseTarget } from '../../src/proxy/target.ts';

function route(prefix: string, upstream: string, more: Partial<Route> = {}): Route {
  const [, address = '', basePath = ''] = /^(https?:\/\/[^/]+)(.*)$/.exec(upstream) ?? [];
  return {
    ...{ prefix, origin: configuredOrigin(address), basePath, forward: true },
    fields: fieldPolicy({ dropped: [], set: [], forwarded: undefined }),
    ...{ keptBody: 0, idleMs: 1, unanswered: new InFlight(), websocket: true, send: () => {} },
    ...more,
  };
}

const table = new RouteTable([
  route('/root', 'https://api.example.com'),
  route('/v2', 'https://api.example.com/v2'),
  route('/v2-again', 'https://api.example.com/v2'),
  route('/deep', 'https://api.example.com/v2/a/b'),
  route('/port', 'https://API.example.com:8443/x'),
  route('/plain', 'http://plain.example.com/p'),
  route('/odd', 'https://odd.example.com:80'),
  route('/six', 'https://[2001:DB8:0::1]'),
  route('/four', 'http://127.0.0.1:9100/nitro'),
  route('/dot', 'https://dot.example.com.'),
  route('/off', 'https://off.example.com', { forward: false }),
]);

function askedAuthority(scheme: string, text: string): AskedAuthority | undefined {
  const authority = parseAuthority(text);
  return authority && { ...authority, scheme };
}

/** The prefix of the route that an absolute URL finds, and what its upstream is asked for. */
function found(url: string): readonly [string, string] | undefined {
  const target = parseTarget(url);
  const { scheme = '', authority = '' } = target.absolute ?? {};
  const asked = askedAuthority(scheme, authority);
  if (asked === undefined || !table.isUpstream(asked, target.path)) return undefined;
  const match = table.find('GET', target.path, asked);
  return [match.route.prefix, upstreamTarget(match, target)];
}

describe('an absolute URL finds the route of its upstream, and its path goes on as it was sent', () => {
  test.each<[string, string, string]>([
    ['http://api.example.com', '/root', '/'],
    ['http://api.example.com?a=b', '/root', '/?a=b'],
    ['http://api.example.com/', '/root', '/'],
    ['http://api.example.com:80/x', '/root', '/x'],
    ['http://api.example.com:443/x', '/root', '/x'],
    ['http://api.example.com:00080/x', '/root', '/x'],
    ['https://api.example.com/x', '/root', '/x'],
    ['https://api.example.com:443/x', '/root', '/x'],
    ['https://api.example.com:8443/x', '/port', '/x'],
    ['http://api.example.com:/x', '/root', '/x'],
    ['HTTPS://odd.example.com:80/x', '/odd', '/x'],
    ['HTTP://Api.EXAMPLE.com./x', '/root', '/x'],
    ['http://api.example.com/a%2Fb//c;d?e=/../%zz', '/root', '/a%2Fb//c;d?e=/../%zz'],
    ['http://api.example.com/root/x', '/root', '/root/x'],
    ['http://api.example.com/v2', '/v2', '/v2'],
    ['http://api.example.com/v2?q', '/v2', '/v2?q'],
    ['http://api.example.com/v2/', '/v2', '/v2/'],
    ['http://api.example.com/v2/a/bc', '/v2', '/v2/a/bc'],
    ['http://api.example.com/v2/a/b/c', '/deep', '/v2/a/b/c'],
    ['http://api.example.com/v22', '/root', '/v22'],
    ['http://api.example.com/V2', '/root', '/V2'],
    ['http://api.example.com/v2%2fa', '/root', '/v2%2fa'],
    ['http://api.example.com:8443/x/y', '/port', '/x/y'],
    ['http://plain.example.com/p', '/plain', '/p'],
    ['http://plain.example.com:80/p', '/plain', '/p'],
    ['http://odd.example.com/', '/odd', '/'],
    ['http://[2001:db8::1]/x', '/six', '/x'],
    ['http://[2001:0DB8:0:0:0:0:0:1]:80/x', '/six', '/x'],
    ['http://127.0.0.1:9100/nitro/x', '/four', '/nitro/x'],
    ['http://dot.example.com/x', '/dot', '/x'],
    ['http://dot.example.com./x', '/dot', '/x'],
  ])('%s', (url, prefix, asked) => {
    expect(found(url)).toEqual([prefix, asked]);
  });
});

describe('any other URL finds none', () => {
  test.each([
    'http://example.com/x',
    'http://evil-api.example.com/x',
    'http://api.example.com.evil.test/x',
    'http://api.example.com../x',
    'http://.api.example.com/x',
    'http://api%2eexample.com/x',
    'http://api.example.com%2e/x',
    'http://api.example.com%00.evil.test/x',
    'http://api.example.com:8080/x',
    'http://api.example.com:0/x',
    'http://api.example.com:8443/xy',
    'http://api.example.com:8443/',
    'http://plain.example.com:443/p',
    'https://plain.example.com/p',
    'https://plain.example.com:80/p',
    'https://api.example.com:80/x',
    'http://plain.example.com/',
    'http://plain.example.com/px',
    'http://odd.example.com:443/',
    'http://2001:db8::1/x',
    'http://[2001:db8::2]/x',
    'http://[2001:db8::1::]/x',
    'http://127.0.0.1/nitro/x',
    'http://127.1:9100/nitro/x',
    'http://2130706433:9100/nitro/x',
    'http://0x7f.0.0.1:9100/nitro/x',
    'http://[::ffff:127.0.0.1]:9100/nitro/x',
    'http://localhost:9100/nitro/x',
    'http://127.0.0.1:9100/podero/x',
    'http://off.example.com/',
    'http://api.example.com,evil.test/',
  ])('%s', (url) => {
    expect(found(url)).toBeUndefined();
  });
});

test('methods and paths of the route hold, the paths for what is behind the base', () => {
  const limited = new RouteTable([
    route('/l', 'https://api.example.com/base', { methods: ['GET'], paths: [pathPattern('/v1/**')] }),
  ]);
  const authority = askedAuthority('http', 'api.example.com');
  const ask = (method: string, path: string) => limited.find(method, path, authority).rest;
  expect(ask('GET', '/base/v1/x')).toBe('/v1/x');
  expect(() => ask('POST', '/base/v1/x')).toThrow(expect.objectContaining({ code: 'method_denied' }));
  for (const path of ['/base', '/base/v2/x', '/base/base/v1/x', '/base/%761/x'])
    expect(() => ask('GET', path)).toThrow(expect.objectContaining({ code: 'path_denied' }));
  for (const path of ['/base//', '/base//v1/x'])
    expect(() => ask('GET', path)).toThrow(expect.objectContaining({ code: 'bad_request' }));
});
