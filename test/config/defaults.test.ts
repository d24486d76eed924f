import { expect, test } from 'vitest';
import { faultsOf, leastRoutes, mainCredential, read, withCredential, withRoute } from './reading.ts';

test('what a config leaves out has the defaults of the documentation', () => {
  const { listen, admin, log, workers, tokenStore, limits, shutdown, credentials } = read(leastRoutes);
  expect({ listen, admin, log, workers, tokenStore, limits, shutdown, credentials }).toEqual({
    listen: {
      host: '127.0.0.1',
      port: 8080,
      openListener: false,
      allowedHosts: [],
      allowedOrigins: [],
      clientToken: undefined,
    },
    admin: { host: '127.0.0.1', port: 9090, allowedHosts: [], clientToken: undefined },
    log: { level: 'info', format: 'auto' },
    workers: 1,
    tokenStore: 'memory',
    limits: {
      inFlight: 1024,
      replayMemory: 64 * 1024 ** 2,
      headerSize: 16 * 1024,
      headerCount: 100,
      targetSize: 8 * 1024,
      headersTimeout: 30_000,
    },
    shutdown: { delay: 0, timeout: 20_000 },
    credentials: {},
  });
});

test('a route leaves out all but its prefix and its upstream', () => {
  expect(read(leastRoutes).routes).toEqual([
    {
      prefix: '/a',
      upstream: { origin: 'https://api.example.com', basePath: '', exposed: false },
      credential: undefined,
      stripPrefix: true,
      methods: undefined,
      paths: undefined,
      headers: { set: {}, remove: [] },
      timeouts: { connect: 10_000, headers: 60_000, idle: 300_000 },
      retry: { statuses: [401], maxBody: 1024 ** 2 },
      connections: 256,
      websocket: true,
      forwardedHeaders: false,
      forward: true,
      plaintext: false,
      tls: { insecure: false },
    },
  ]);
});

test('a credential leaves out all but its endpoint, id and secret', () => {
  const { clientSecret, ...rest } = mainCredential(withCredential(''));
  expect(rest).toEqual({
    type: 'client_credentials',
    provider: undefined,
    clientId: 'abc',
    tokenUrl: 'https://id.example.com/token',
    clientAuth: 'basic',
    basicEncoding: 'form',
    scope: undefined,
    audience: undefined,
    tls: {},
    request: {
      format: 'form',
      headers: {},
      params: {},
      query: {},
      fields: {
        clientId: 'client_id',
        clientSecret: 'client_secret',
        grantType: 'grant_type',
        scope: 'scope',
        audience: 'audience',
      },
      timeout: 10_000,
    },
    response: {
      accessToken: ['access_token', 'accessToken'],
      tokenType: ['token_type', 'tokenType'],
      expiresIn: ['expires_in', 'expiresIn'],
      expiresInUnit: 's',
    },
    lifetime: { default: 300_000, max: 86_400_000, refreshBefore: 60_000 },
    inject: {},
    required: true,
  });
  expect(clientSecret?.rotates).toBe(false);
});

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['5m', 300_000],
  ['24h', 86_400_000],
  ['1.5s', 1500],
])('the duration %s is %d ms', (written, ms) => {
  expect(read(withRoute(`timeouts: {idle: ${written}}`)).routes[0]?.timeouts.idle).toBe(ms);
});

test.each(['5 minutes', '30', '30S', '-1s', '1d', 's', '1e3ms', 'PT30S', '0s'])('%s is no duration', (written) => {
  expect(faultsOf(withRoute(`timeouts: {idle: "${written}"}`))).toEqual([
    expect.stringMatching(/routes\[0\]\.timeouts\.idle: is (not a duration|no time at all) \(such as .*30s/),
  ]);
});

test.each([
  ['512B', 512],
  ['64KiB', 65_536],
  ['1MiB', 1_048_576],
  ['1GiB', 1_073_741_824],
])('the size %s is %d bytes', (written, bytes) => {
  expect(read(withRoute(`retry: {maxBody: ${written}}`)).routes[0]?.retry.maxBody).toBe(bytes);
});

test.each(['1MB', '1M', '1024', '1 MiB', '1mib', '-1B'])('%s is no size', (written) => {
  expect(faultsOf(withRoute(`retry: {maxBody: "${written}"}`))).toEqual([
    expect.stringContaining('routes[0].retry.maxBody: is not a size (such as 512B, 64KiB, 1MiB or 1GiB)'),
  ]);
});

test.each([
  ['listen: '],
  ['listen: ""'],
  ['listen: {port: , host: "", openListener: , allowedHosts: , clientToken: ""}'],
  ['admin: '],
  ['admin: ""'],
  ['log: {level: , format: ""}'],
  ['limits: {inFlight: , headerSize: ""}'],
  ['shutdown: {delay: ""}'],
  ['credentials: '],
])('an empty key counts as left out: %s', (written) => {
  expect(read(`${written}\n${leastRoutes}`)).toEqual(read(leastRoutes));
});

test('an empty key of a credential or a route counts as left out', () => {
  const more =
    'type: "", issuer: , resource: , privateKey: , algorithm: "", clientAuth: , scope: "", audience: , tls: , request: , response: {expiresAt: null}, lifetime: "", inject: "", required: ""';
  expect(JSON.stringify(mainCredential(withCredential(more)))).toBe(JSON.stringify(mainCredential(withCredential(''))));
  const route = 'credential: , methods: , paths: "", headers: , timeouts: {idle: }, retry: , connections: ""';
  expect(read(withRoute(route))).toEqual(read(leastRoutes));
});

test('a config is frozen, all the way down', () => {
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));
  expect(frozen(read(withCredential('scope: [a], request: {params: {a: b}}')))).toBe(true);
});
