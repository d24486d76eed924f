import { describe, expect, test } from 'vitest';
import { FieldNames } from '../../src/field-names.ts';
import { Fields } from '../../src/fields.ts';
import {
  type FieldPolicyOptions,
  fieldPolicy,
  forwardable,
  givenRequestId,
  returnable,
} from '../../src/proxy/headers.ts';

const plainPolicy: FieldPolicyOptions = { dropped: ['authorization'], set: [], forwarded: undefined };

interface Asked {
  readonly policy?: Partial<FieldPolicyOptions>;
  readonly consumed?: string;
  readonly client?: string;
  readonly isForward?: boolean;
}

/** What goes on of these lines, without the two fields that are always ours. */
function forwarded(
  lines: readonly string[],
  { policy = {}, consumed, client = '127.0.0.1:5', isForward = false }: Asked = {},
): string[] {
  const inbound = { method: 'GET', target: '/', fields: new Fields(lines), body: undefined, client };
  const options = {
    policy: fieldPolicy({ ...plainPolicy, ...policy }),
    consumed: consumed === undefined ? undefined : new FieldNames([consumed], { twins: true }),
    host: inbound.fields.get('host') ?? '',
    isForward,
    requestId: 'ours',
    hopId: 'hop-1',
  };
  return forwardable(inbound, options)
    .without(new FieldNames(['bearerway-hop', 'x-request-id'], { twins: false }))
    .lines.slice();
}

test('order, case, duplicates and odd names are kept', () => {
  const lines = [
    ...['X-b', '1', 'x-A', '2', 'X-b', '3', 'Cookie', 'a=b', 'cookie', 'c', '__proto__', 'x', 'constructor', 'y'],
    ...['X_Custom', 'kept', 'traceparent', '00-1-2-3', 'Origin', 'https://a', 'X-Forwarded-For', 'theirs'],
  ];
  expect(forwarded(lines)).toEqual(lines);
});

describe('what speaks of one connection, of framing or to us alone stays here', () => {
  test.each([
    ...['Connection', 'Keep-Alive', 'Proxy-Connection', 'Proxy-Authenticate', 'Proxy-Authorization', 'Trailer'],
    ...['Transfer-Encoding', 'Upgrade', 'HTTP2-Settings', 'Host', 'Content-Length', 'Expect', 'Bearerway-Client-Token'],
    ...['Authorization'],
  ])('%s, and its twins', (name) => {
    const twins = [
      name,
      name.toLowerCase(),
      name.replaceAll('-', '_'),
      `${name}_`,
      `_${name}`,
      name.replaceAll('-', '--'),
    ];
    expect(forwarded([...twins.flatMap((twin) => [twin, 'x']), 'X-Other', 'y'])).toEqual(['X-Other', 'y']);
  });
});

describe('what Connection names stays here', () => {
  test.each([
    [['Connection', 'X-Secret'], []],
    [['Connection', 'close, x-SECRET , keep-alive'], []],
    [['Connection', '', 'Connection', 'x-secret'], []],
    [['Connection', 'x-other', 'connection', ',,x-secret,'], []],
    [
      ['Connection', 'x-secrets'],
      ['X-Secret', '1'],
    ],
  ])('%j', (connection, left) => {
    expect(forwarded(['X-Secret', '1', ...connection])).toEqual(left);
  });
});

test.each([
  [
    ['TE', 'trailers'],
    ['TE', 'trailers'],
  ],
  [
    ['TE', 'gzip, Trailers', 'Connection', 'TE'],
    ['TE', 'trailers'],
  ],
  [['te', 'gzip'], []],
])('TE passes for trailers alone: %j', (lines, left) => {
  expect(forwarded(lines)).toEqual(left);
});

test.each([
  ['authorization', ['Authorization', 'authorization', 'Authorization_']],
  ['x-api-key', ['X-Api-Key', 'X_Api_Key', 'x-api_key']],
])('the field of the token is ours, in every spelling: %s', (dropped, names) => {
  const lines = names.flatMap((name) => [name, 'theirs']);
  expect(forwarded([...lines, 'X-Api', '1'], { policy: { dropped: [dropped] } })).toEqual(['X-Api', '1']);
});

test('a field that held the client token does not go on', () => {
  const policy = { dropped: [] };
  expect(forwarded(['Authorization', 'Basic x', 'A', '1'], { policy, consumed: 'authorization' })).toEqual(['A', '1']);
  expect(forwarded(['Authorization', 'Basic x'], { policy })).toEqual(['Authorization', 'Basic x']);
});

test('fields of the config are set behind those of the client', () => {
  const policy = { dropped: ['x-tenant'], set: ['X-Tenant', 'a'] };
  expect(forwarded(['X-Tenant', 'b', 'x_tenant', 'c', 'Accept', '*/*'], { policy })).toEqual([
    'Accept',
    '*/*',
    'X-Tenant',
    'a',
  ]);
});

describe('X-Forwarded-* are ours on a route that wants them', () => {
  const theirs = [
    'X-Forwarded-For',
    '9.9.9.9',
    'x_forwarded_proto',
    'https',
    'Forwarded',
    'for=x',
    'X-Forwarded-Host',
    'h',
  ];
  test.each([
    ['127.0.0.1:5', '127.0.0.1'],
    ['[::1]:5', '::1'],
  ])('%s', (client, address) => {
    expect(forwarded([...theirs, 'Host', 'localhost:1'], { client, policy: { forwarded: 'http' } })).toEqual([
      ...['X-Forwarded-For', address, 'X-Forwarded-Host', 'localhost:1', 'X-Forwarded-Proto', 'http'],
    ]);
  });
});

describe('X-Request-Id is kept or made', () => {
  test.each([
    [['X-Request-Id', 'abc-1'], ['abc-1']],
    [[], ['ours']],
    [['X-Request-Id', ''], ['ours']],
    [['X-Request-Id', 'two words'], ['ours']],
    [['X-Request-Id', 'x'.repeat(129)], ['ours']],
    [['X-Request-Id', 'a', 'x-request-id', 'b'], ['ours']],
    [['X_Request_Id', 'twin'], ['ours']],
    [['X-Request-Id', 'abc', 'X_Request_Id', 'twin'], ['abc']],
    [['X-Request-Id', 'abc', 'Connection', 'x-request-id'], ['abc']],
  ])('%j', (lines, expected) => {
    const fields = new Fields(lines);
    const inbound = { method: 'GET', target: '/', fields, body: undefined, client: '' };
    const requestId = givenRequestId(fields) ?? 'ours';
    const policy = fieldPolicy(plainPolicy);
    const out = forwardable(inbound, {
      ...{ policy, consumed: undefined, host: 'h', isForward: false },
      ...{ requestId, hopId: 'h' },
    });
    expect([...out.all('x-request-id'), ...out.all('x_request_id')]).toEqual(expected);
    expect(out.all('bearerway-hop')).toEqual(['h']);
  });

  test('an id that could not stand in a log is none', () => {
    expect(givenRequestId(new Fields(['x-request-id', 'a\tb']))).toBeUndefined();
    expect(givenRequestId(new Fields(['x-request-id', 'a/b:c']))).toBe('a/b:c');
  });
});

test('of an answer all goes back but what speaks of the connection', () => {
  const kept = [
    'Set-Cookie',
    'a',
    'set-cookie',
    'b',
    'WWW-Authenticate',
    'Bearer',
    'Content-Length',
    '3',
    'Alt-Svc',
    'x',
  ];
  const dropped = [
    'Connection',
    'X-Foo',
    'x-foo',
    '1',
    'Keep-Alive',
    't',
    'Transfer-Encoding',
    'chunked',
    'Upgrade',
    'h2c',
  ];
  expect(
    returnable({ status: 200, fields: new Fields([...dropped, ...kept, 'Bearerway-Retry', 'done']) }).lines,
  ).toEqual(kept);
});
