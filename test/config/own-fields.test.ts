/** Fields that the proxy decides on itself: what a config says of them would not be obeyed, or would break the framing. */
import { describe, expect, test } from 'vitest';
import { faultsOf, mainCredential, read, withCredential, withRoute } from './reading.ts';

const own = [
  ...['Content-Length', 'Transfer-Encoding', 'Connection', 'Upgrade', 'Expect', 'Keep-Alive', 'Host', 'TE', 'Trailer'],
  ...['Proxy-Authorization', 'Proxy-Authenticate', 'Proxy-Connection', 'HTTP2-Settings'],
  ...['Bearerway-Hop', 'Bearerway-Client-Token', 'X-Request-Id', 'content_length', 'X_REQUEST_ID', 'host_'],
];
const message = 'is a field that the proxy sets itself';

describe('a field of the proxy itself is a fault, in every spelling', () => {
  test.each(own)('%s', (name) => {
    for (const [source, path] of [
      [withCredential(`inject: {header: ${name}}`), 'credentials.main.inject.header'],
      [withCredential(`request: {headers: {${name}: x}}`), `credentials.main.request.headers.${name}`],
      [withRoute(`headers: {set: {${name}: x}}`), `routes[0].headers.set.${name}`],
      [withRoute(`headers: {remove: [X-Other, ${name}]}`), 'routes[0].headers.remove[1]'],
    ] as const)
      expect(faultsOf(source)).toEqual([expect.stringContaining(`${path}: ${message}`)]);
  });
});

describe('X-Forwarded-* are ours on a route that wants them', () => {
  test.each(['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'x_forwarded_proto'])('%s', (name) => {
    const set = `headers: {set: {${name}: x}}`;
    const remove = `headers: {remove: [${name}]}`;
    expect(faultsOf(withRoute(`forwardedHeaders: true, ${set}`))).toEqual([
      expect.stringContaining(`routes[0].headers.set.${name}: is a field that forwardedHeaders decides on`),
    ]);
    expect(faultsOf(withRoute(`forwardedHeaders: true, ${remove}`))).toEqual([
      expect.stringContaining('routes[0].headers.remove[0]: is a field that forwardedHeaders decides on'),
    ]);
    for (const more of [set, remove]) expect(faultsOf(withRoute(more))).toEqual([]);
  });

  test('and no token goes there', () => {
    const credential = withCredential('inject: {header: X-Forwarded-For}').split('\n')[0];
    const route = (more: string): string => `${credential}\n${withRoute(`credential: main, ${more}`)}`;
    expect(faultsOf(route('forwardedHeaders: true'))).toEqual([
      expect.stringContaining('routes[0].forwardedHeaders: decides on the field that credential "main" puts its token'),
    ]);
    expect(faultsOf(route(''))).toEqual([]);
  });
});

test('a twin of the field of the token is not set beside it', () => {
  const source = `${withCredential('inject: {header: X-Api-Key}').split('\n')[0]}\n${withRoute('credential: main, headers: {set: {x_api_key: x}}')}`;
  expect(faultsOf(source)).toEqual([expect.stringContaining('is where credential "main" puts its token')]);
});

test('fields of all others are for the config to decide on', () => {
  expect(mainCredential(withCredential('inject: {header: X-Api-Key}')).inject.header).toBe('X-Api-Key');
  const route = withRoute('headers: {set: {X-Tenant: a, Authorization: b}, remove: [Cookie, Origin, traceparent]}');
  expect(read(route).routes[0]?.headers.remove).toEqual(['Cookie', 'Origin', 'traceparent']);
});
