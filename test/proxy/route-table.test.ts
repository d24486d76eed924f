import { describe, expect, test } from 'vitest';
import { fieldPolicy } from '../../src/proxy/headers.ts';
import { InFlight } from '../../src/proxy/in-flight.ts';
import { pathPattern } from '../../src/proxy/path-pattern.ts';
import { type Route, RouteTable, upstreamTarget } from '../../src/proxy/route-table.ts';
import { parseTarget } from '../../src/proxy/target.ts';

function route(prefix: string, more: Partial<Route> = {}): Route {
  return {
    prefix,
    origin: { scheme: 'https', host: 'api.test', port: 443 },
    basePath: '',
    forward: true,
    fields: fieldPolicy({ dropped: [], set: [], forwarded: undefined }),
    keptBody: 0,
    idleMs: 1,
    unanswered: new InFlight(),
    websocket: true,
    send: () => {},
    ...more,
  };
}

/** The prefix that a path finds, and the rest of the path. */
function found(prefixes: readonly string[], path: string): readonly [string, string] | undefined {
  try {
    const match = new RouteTable(prefixes.map((prefix) => route(prefix))).find('GET', path);
    return [match.route.prefix, match.rest];
  } catch (error) {
    expect(error).toMatchObject({ code: 'no_route' });
    return undefined;
  }
}

describe('the longest prefix of whole segments wins', () => {
  const prefixes = ['/a', '/a/b', '/a/b/c/d', '/nitro', '/nitro-v2'];
  test.each([
    ['/a', ['/a', '']],
    ['/a/', ['/a', '/']],
    ['/a/x', ['/a', '/x']],
    ['/a/b', ['/a/b', '']],
    ['/a/b/', ['/a/b', '/']],
    ['/a/b/c', ['/a/b', '/c']],
    ['/a/b/c/d', ['/a/b/c/d', '']],
    ['/a/b/c/d/e', ['/a/b/c/d', '/e']],
    ['/a/b/c/dd', ['/a/b', '/c/dd']],
    ['/a/bc', ['/a', '/bc']],
    ['/a/b;p', ['/a', '/b;p']],
    ['/nitro', ['/nitro', '']],
    ['/nitro/v1/x', ['/nitro', '/v1/x']],
    ['/nitro-v2/x', ['/nitro-v2', '/x']],
    ['/nitro/a%2Fb//c', ['/nitro', '/a%2Fb//c']],
    ['/nitrogen', undefined],
    ['/nitro.', undefined],
    ['/nitro%20/x', undefined],
    ['/nitro%2e/x', undefined],
    ['/nitro%2fx', undefined],
    ['/%6eitro/x', undefined],
    ['/NITRO/x', undefined],
    ['/nitr', undefined],
    ['/', undefined],
    ['/x/a/b', undefined],
  ])('%s', (path, expected) => {
    expect(found(prefixes, path)).toEqual(expected);
  });
});

test('"/" matches everything that nothing longer does', () => {
  expect(found(['/', '/a'], '/a/x')).toEqual(['/a', '/x']);
  expect(found(['/', '/a'], '/ab')).toEqual(['/', '/ab']);
  expect(found(['/', '/a'], '/')).toEqual(['/', '/']);
});

test('a table finds the same as trying every prefix', () => {
  const segments = ['a', 'b', 'ab'];
  const paths = ['', ...segments.map((s) => `/${s}`)].flatMap((head) => segments.map((s) => `${head}/${s}`));
  const deeper = paths.flatMap((path) => [path, `${path}/`, `${path}/a`, `${path}/a/b/ab`]);
  for (let seed = 0; seed < 64; seed += 1) {
    const prefixes = paths.filter((_, index) => ((seed * 2654435761) >>> index) % 2 === 1);
    for (const path of deeper) {
      const [longest] = prefixes
        .filter((prefix) => path === prefix || path.startsWith(`${prefix}/`))
        .toSorted((one, other) => other.length - one.length);
      expect(found(prefixes, path)?.[0], `${path} among ${prefixes.join(' ')}`).toBe(longest);
    }
  }
});

describe('the target asked for', () => {
  test.each([
    [{ basePath: '' }, '/api', '/'],
    [{ basePath: '' }, '/api?q', '/?q'],
    [{ basePath: '' }, '/api/', '/'],
    [{ basePath: '' }, '/api/v1/x?y=1', '/v1/x?y=1'],
    [{ basePath: '/base' }, '/api', '/base'],
    [{ basePath: '/base' }, '/api?q', '/base?q'],
    [{ basePath: '/base' }, '/api/', '/base/'],
    [{ basePath: '/base/two' }, '/api/x', '/base/two/x'],
    [{ basePath: '/base' }, '/api/a%2Fb/%252e//c;d?e=/../%zz', '/base/a%2Fb/%252e//c;d?e=/../%zz'],
    [{ parameter: 'key' }, '/api/x?a=1&key=theirs&b', '/x?a=1&b'],
    [{ parameter: 'key' }, '/api/x', '/x'],
  ])('%j: %s becomes %s', (more, asked, expected) => {
    const target = parseTarget(asked);
    const match = new RouteTable([route('/api', more)]).find('GET', target.path);
    expect(upstreamTarget(match, target)).toBe(expected);
  });
});

describe('what a route does not allow', () => {
  const table = new RouteTable([
    route('/api', { methods: ['GET', 'PURGE'], paths: [pathPattern('/v1/**'), pathPattern('/health')] }),
    route('/root', { paths: [pathPattern('/')] }),
  ]);

  test.each(['POST', 'get', 'HEAD', 'DELETE', ''])('a method that is not named: %j', (method) => {
    expect(() => table.find(method, '/api/v1/x')).toThrow(
      expect.objectContaining({ code: 'method_denied', allow: ['GET', 'PURGE'] }),
    );
  });

  test.each(['/api', '/api/', '/api/v2/x', '/api/v1x', '/api/healthy', '/api/%76%31/x'])('a path: %s', (path) => {
    expect(() => table.find('GET', path)).toThrow(expect.objectContaining({ code: 'path_denied' }));
  });

  test.each(['/api/v1/', '/api/v1/x/y', '/api/health', '/root', '/root/'])('but this is allowed: %s', (path) => {
    expect(table.find('GET', path).route.prefix).toBe(path.startsWith('/api') ? '/api' : '/root');
  });

  test.each(['/api//', '/api//v1/x', '/root///'])('two slashes right behind the prefix: %s', (path) => {
    expect(() => table.find('GET', path)).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });
});
