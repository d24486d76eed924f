/** Whatever stands where in a config, it is read or told as a fault: never anything else. */
import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { STORE_KEY } from '../support/store-keys.ts';
import { faultsOf, withCredential, withRoute } from './reading.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = JSON.stringify(String(privateKey.export({ format: 'pem', type: 'pkcs8' })));

const whole = parse(
  `
listen: {host: 127.0.0.1, port: 8080, tls: {}, openListener: false, allowedHosts: [a.internal], allowedOrigins: ["https://a.example"], clientToken: abc}
admin: {host: 127.0.0.1, port: 9090}
log: {level: info, format: json}
tokenStore: {redis: {url: "redis://u:p@r:1/2", prefix: a, encryptionKey: ${STORE_KEY}, required: true}}
limits: {inFlight: 5, replayMemory: 1MiB, headersTimeout: 5s}
shutdown: {delay: 1s, timeout: 2s}
credentials:
  main:
    type: client_credentials
    provider: podero
    baseUrl: https://id.example.com
    clientId: a
    clientSecret: b
    clientAuth: basic
    basicEncoding: raw
    scope: [x]
    audience: y
    tls: {}
    request: {format: form, headers: {X-A: b}, params: {a: b}, query: {a: b}, fields: {clientId: id}, timeout: 5s}
    response: {accessToken: [a], tokenType: [b], expiresIn: [c], expiresInUnit: s, expiresAt: [d]}
    lifetime: {default: 5m, max: 24h, refreshBefore: 60s}
    inject: {header: X-Token, scheme: Bearer}
    required: true
  other: {tokenUrl: "https://id.example.com/token", clientId: a, clientSecret: b, inject: {query: t}}
  refresh:
    type: refresh_token
    issuer: https://id.example.com
    clientId: a
    clientAuth: client_secret_jwt
    clientSecret: b
    algorithm: HS256
    clientAssertionAudience: c
    resource: [urn:a]
    refreshTokenFile: package.json
    response: {refreshToken: [a]}
  user: {type: password, tokenUrl: "https://id.example.com/token", clientId: a, clientAuth: none, username: a, password: b}
  bearer: {type: jwt_bearer, tokenUrl: "https://id.example.com/token", assertion: a}
  signed: {type: jwt_bearer, tokenUrl: "https://id.example.com/token", privateKey: KEY, keyId: a, algorithm: ES256, claims: {iss: a, b: [c]}}
  exchange:
    type: token_exchange
    tokenUrl: https://id.example.com/token
    subjectToken: a
    subjectTokenType: jwt
    actorToken: a
    actorTokenType: jwt
    requestedTokenType: jwt
    audience: [a]
  static: {type: static, token: a, inject: {scheme: b}}
  key: {type: api_key, value: a, inject: {query: b}}
  basic: {type: basic, username: a, password: b, inject: {header: X-A}}
  file: {type: file, path: a, required: false}
  command: {type: command, command: [a, b], env: {A: b}, timeout: 1s, lifetime: {default: 1m}}
routes:
  - prefix: /a
    upstream: https://api.example.com/base
    credential: main
    stripPrefix: true
    methods: [GET]
    paths: [/v1/**]
    headers: {set: {X-B: c}, remove: [X-C]}
    timeouts: {connect: 1s, headers: 2s, idle: 3s}
    retry: {statuses: [401], maxBody: 1MiB}
    connections: 5
    forwardedHeaders: true
    forward: false
    plaintext: false
    tls: {insecure: true}
  - {prefix: /b, upstream: "https://api.example.com", credential: other}
`.replace('KEY', key),
);

const values: unknown[] = [null, '', 5, true, [], {}, 'x', [null], { a: 1 }, { toString: 1 }];

type Path = readonly (string | number)[];

/** Where there is anything, the whole included. */
function pathsOf(node: unknown, path: Path = []): Path[] {
  if (typeof node !== 'object' || node === null) return [path];
  const members = Array.isArray(node) ? [...node.entries()] : Object.entries(node);
  return [path, ...members.flatMap(([key, member]) => pathsOf(member, [...path, key]))];
}

function replaced(node: unknown, [step, ...rest]: Path, value: unknown): unknown {
  if (step === undefined) return value;
  if (Array.isArray(node))
    return node.map((member, index) => (index === step ? replaced(member, rest, value) : member));
  return Object.fromEntries(
    Object.entries(node ?? {}).map(([key, member]) => [key, key === step ? replaced(member, rest, value) : member]),
  );
}

test('the config that is mutated is right', () => {
  expect(faultsOf(stringify(whole))).toEqual([]);
  expect(pathsOf(whole).length).toBeGreaterThan(90);
});

test.each(pathsOf(whole).map((path): [string, Path] => [path.join('.'), path]))('in the place of %s', (_, path) => {
  // faultsOf throws on whatever is no ConfigError.
  for (const value of values)
    for (const line of faultsOf(stringify(replaced(whole, path, value)))) {
      expect(line).toMatch(/^proxy\.yaml:\d+:\d+ \S/);
      expect(line).not.toContain('[object');
    }
});

test.each<[string, string, string]>([
  ['a credential that is empty', 'credentials: {main: }', 'credentials.main: is not a group of keys'],
  ['a field that is a number', withCredential('inject: {header: 5}'), 'inject.header: is not text'],
  ['a provider that is a group', withCredential('provider: {a: 1}'), 'provider: is none of the words known here'],
])('%s is told', (_, source, message) => {
  const routed = source.includes('routes:') ? source : `${source}\n${withRoute('credential: main')}`;
  expect(faultsOf(routed)).toEqual([expect.stringContaining(message)]);
});
