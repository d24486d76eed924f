import { expect, test } from 'vitest';
import { faultsOf, leastRoutes, withCredential, withProvider, withRoute, withUpstream } from './reading.ts';

test('L06 all faults come at once, each with line, column, path and what would be right', () => {
  const source = `listn: {port: 1}
admin: {port: x}
credentials:
  crm:
    tokenUrl: http://id.example.com/token
    clientId: \${NOPE}
    clientSecret: 123
    requst: {}
routes:
  - prefix: crm
    upstream: http://api.example.com
    credential: cmr
    timeouts: {idle: 5 minutes}
    methods: []
`;
  expect(faultsOf(source)).toEqual([
    'proxy.yaml:1:1 listn: is not known here (did you mean "listen"?)',
    'proxy.yaml:2:15 admin.port: is not a whole number from 0 to 65535',
    'proxy.yaml:5:15 credentials.crm.tokenUrl: is plain http to another machine, where anyone between can read the secret (https would be right)',
    'proxy.yaml:6:15 credentials.crm.clientId: needs the environment variable NOPE, which is not set',
    'proxy.yaml:7:19 credentials.crm.clientSecret: is not text (quote it: "…")',
    'proxy.yaml:8:5 credentials.crm.requst: is not known here (did you mean "request"?)',
    'proxy.yaml:10:13 routes[0].prefix: is not a prefix of whole segments (such as /crm or /crm/v2, without a slash at its end)',
    'proxy.yaml:11:15 routes[0].upstream: is plain http to another machine, where anyone between can read the token (https, or plaintext: true)',
    'proxy.yaml:12:17 routes[0].credential: names no credential (did you mean "crm"?)',
    'proxy.yaml:13:22 routes[0].timeouts.idle: is not a duration (such as 500ms, 30s, 5m or 24h)',
    'proxy.yaml:14:14 routes[0].methods: is an empty list, which allows nothing (leave it out to allow all)',
  ]);
});

test.each<[string, string, string]>([
  ['a group that is none', `listen: 8080\n${leastRoutes}`, 'listen: is not a group of keys'],
  ['a credential that is none', `credentials: {c: x}\n${leastRoutes}`, 'credentials.c: is not a group of keys'],
  ['a route that is none', 'routes: [x]', 'routes[0]: is not a group of keys'],
  [
    'routes that are no list',
    'routes: {prefix: /a}',
    'routes: is not a list of routes (each begins with "- prefix: /…")',
  ],
  ['no routes', 'listen: {port: 1}', 'routes: is required'],
  ['an empty list of routes', 'routes: []', 'routes: is empty: nothing could be sent anywhere'],
  ['no upstream', 'routes: [{prefix: /a}]', 'routes[0].upstream: is required'],
  ['an empty list of paths', withRoute('paths: []'), 'is an empty list, which allows nothing'],
  ['a path without a slash', withRoute('paths: [v1/**]'), 'routes[0].paths[0]: does not begin with a slash'],
  ['TRACE', withRoute('methods: [GET, TRACE]'), 'routes[0].methods[1]: can never be allowed'],
  ['CONNECT', withRoute('methods: [connect]'), 'routes[0].methods[0]: can never be allowed'],
  ['no method', withRoute('methods: ["G T"]'), 'routes[0].methods[0]: is not a method'],
  [
    'a length set',
    withCredential('request: {headers: {Content-Length: "1"}}'),
    'request.headers.Content-Length: is a field that the proxy sets itself',
  ],
  ['a method in lower case', withRoute('methods: [get]'), 'routes[0].methods[0]: is in lower case'],
  ['Host set', withRoute('headers: {set: {Host: x}}'), 'headers.set.Host: is a field that the proxy sets itself'],
  ['framing set', withRoute('headers: {set: {transfer-encoding: x}}'), 'is a field that the proxy sets itself'],
  ['a field value of two lines', withRoute('headers: {set: {X-A: "a\\r\\nb"}}'), 'is not a field value'],
  ['a field name that is none', withRoute('headers: {remove: ["a b"]}'), 'headers.remove[0]: is not a field name'],
  ['headers as text', withRoute('headers: {set: x}'), 'headers.set: is not a group of field names and values'],
  ['a status of success', withRoute('retry: {statuses: [200]}'), 'statuses[0]: is not a whole number from 400 to 599'],
  ['no connections', withRoute('connections: 0'), 'connections: is not a whole number from 1 to 65535'],
  ['cert without key', withRoute('tls: {insecure: true, cert: "-----BEGIN X"}'), 'tls: has one of cert and key'],
  ['one port for two', `listen: {port: 9090}\n${leastRoutes}`, 'admin.port: is the port of listen already'],
  ['an unknown key without a likeness', `zzzzzzzz: 1\n${leastRoutes}`, 'is not known here (known: listen, admin, '],
  [
    'an unknown key in a union',
    `admin: {prot: 1}\n${leastRoutes}`,
    'admin.prot: is not known here (did you mean "port"?)',
  ],
  [
    'an unknown kind of credential',
    withCredential('type: pasword'),
    'type: is none of the words known here (did you mean "password"?)',
  ],
  ['a key of another kind', withCredential('username: x'), 'username: is for type: password'],
  ['an unknown provider', withCredential('provider: nitrogen'), 'provider: is none of the words known here'],
  [
    'a provider without an address',
    `credentials: {c: {provider: optty, clientId: a, clientSecret: b}}\n${leastRoutes}`,
    'baseUrl: is required: optty gives each customer its own',
  ],
  [
    'an identity provider without an address',
    `credentials: {c: {provider: keycloak, clientId: a, clientSecret: b}}\n${leastRoutes}`,
    'baseUrl: is required: keycloak gives each customer its own (such as https://HOST/realms/REALM)',
  ],
  [
    'a scope that Entra does not take from a client alone',
    `credentials: {c: {provider: entra, baseUrl: "https://id.example.com", clientId: a, clientSecret: b, scope: [User.Read]}}\n${leastRoutes}`,
    "scope: is not what entra takes: the API's Application ID URI and /.default (such as https://graph.microsoft.com/.default)",
  ],
  ['a base without a provider', withCredential('baseUrl: "https://id.example.com"'), 'baseUrl: needs a provider'],
  [
    'no endpoint',
    `credentials: {c: {clientId: a, clientSecret: b}}\n${leastRoutes}`,
    'tokenUrl: is required (or an issuer, or a provider)',
  ],
  [
    'no secret',
    `credentials: {c: {provider: nitro, clientId: a}}\n${leastRoutes}`,
    'clientSecret: is required (or clientSecretFile)',
  ],
  ['an empty scope', withCredential('scope: []'), 'scope: is an empty list'],
  [
    'a token in two places',
    withCredential('inject: {query: t, scheme: x}'),
    'inject.query: stands beside header or scheme',
  ],
  [
    'a token where the route sets a field',
    `credentials: {c: {provider: nitro, clientId: a, clientSecret: b}}\nroutes: [{prefix: /a, upstream: "https://a.example", credential: c, headers: {set: {authorization: x}}}]`,
    'is where credential "c" puts its token',
  ],
  [
    'a fault below a credential with a number for its name',
    `credentials:\n  1:\n    provider: nitro\n    clientId: 5\n    clientSecret: x\n${leastRoutes}`,
    'proxy.yaml:4:15 credentials.1.clientId: is not text',
  ],
  ...['.', '..'].map((name): [string, string, string] => [
    `a credential whose name is "${name}"`,
    `credentials: {c: &c {provider: nitro, clientId: a, clientSecret: b}, ${name}: *c}\n${leastRoutes}`,
    'is no name (any other than "." and ".." would be right)',
  ]),
  [
    'a preset cannot hide a fault',
    withProvider('nitro', 'request: {formt: json}'),
    'request.formt: is not known here (did you mean "format"?)',
  ],
])('%s is a fault of its own', (_, source, message) => {
  expect(faultsOf(source)).toEqual([expect.stringContaining(message)]);
});

test('a prefix stands once', () => {
  const twice =
    'routes:\n  - {prefix: /a, upstream: "https://a.example"}\n  - {prefix: /a, upstream: "https://b.example"}\n';
  expect(faultsOf(twice)).toEqual(['proxy.yaml:3:14 routes[1].prefix: is the prefix of routes[0] already']);
});

test.each(['a', '/a/', '//', '/a//b', '/a b', '/../a', '/a/.', '/a?b', '/a#b', '/ä'])('%j is no prefix', (prefix) => {
  const source = `routes: [{prefix: ${JSON.stringify(prefix)}, upstream: "https://a.example"}]`;
  expect(faultsOf(source)).toEqual([expect.stringContaining('routes[0].prefix: ')]);
});

test.each([
  ['http://api.example.com', 'is plain http to another machine'],
  ['http://127.0.0.1.example.com', 'is plain http to another machine'],
  ['http://127.0.0.999', 'is not an address'],
  ['http://10.0.0.1', 'is plain http to another machine'],
  ['https://user:pass@api.example.com', 'is not an address'],
  ['https://api.example.com/#f', 'is not an address'],
  ['https://api.example.com/?q', 'has a query'],
  ['https://api.example.com:99999', 'is not an address'],
  ['https://api.example.com:0', 'is not an address'],
  ['https://api..example.com', 'is not an address'],
  ['https://.example.com', 'is not an address'],
  ['https://-', 'is not an address'],
  ['https://.', 'is not an address'],
  ['https://api.example.com/a//b', 'has "//" or a "." segment'],
  ['https://api.example.com/a/../b', 'has "//" or a "." segment'],
  ['https://api.example.com/a\\b', 'is not an address'],
  ['ftp://api.example.com', 'is not an address'],
  ['api.example.com', 'is not an address'],
  ['//api.example.com', 'is not an address'],
])('%s is no upstream', (url, message) => {
  expect(faultsOf(withUpstream(url))).toEqual([expect.stringContaining(`routes[0].upstream: ${message}`)]);
});

test.each([
  'http://127.0.0.1:9',
  'http://127.9.9.9',
  'http://localhost:9/x',
  'http://[::1]:9',
  'https://api.example.com/b/',
  'https://api.example.com.',
  'https://api_1.a--b.example.com:00443',
  'https://[2001:db8::1]:1',
  'https://-a.example.com:65535',
])('%s is an upstream', (url) => {
  expect(faultsOf(withUpstream(url))).toEqual([]);
});

test.each(['...', '.a', 'a.b', 'a/b', '%2e'])('%j is a name of a credential', (name) => {
  const source = `credentials: {"${name}": {provider: nitro, clientId: a, clientSecret: b}}\n${leastRoutes}`;
  expect(faultsOf(source)).toEqual([]);
});

test('plain http to another machine is a choice of the route', () => {
  expect(faultsOf(withUpstream('http://api.example.com', 'plaintext: true'))).toEqual([]);
});

test.each([
  ['http://id.example.com/token', 'is plain http to another machine'],
  ['https://a:b@id.example.com/token', 'is not an address'],
  ['https://id.example.com:0/token', 'is not an address'],
  ['https://id.example.com/token#f', 'is not an address'],
])('%s is no token endpoint', (url, message) => {
  const source = `credentials: {c: {tokenUrl: "${url}", clientId: a, clientSecret: b}}\n${leastRoutes}`;
  expect(faultsOf(source)).toEqual([expect.stringContaining(`credentials.c.tokenUrl: ${message}`)]);
});
