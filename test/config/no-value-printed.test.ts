import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { faultsOf, leastRoutes, mainCredential, read, withCredential, withRoute } from './reading.ts';

const canary = 'canary-secret-7';

/** Somewhere in a credential where a person may put a secret by mistake, in the text or by way of the environment. */
const misplaced = [
  'type: V',
  'provider: V',
  'baseUrl: V',
  'tokenUrl: V',
  'clientAuth: V',
  'basicEncoding: V',
  'scope: {V: 1}',
  'clientSecretFile: V',
  'tls: V',
  'tls: {ca: V}',
  'tls: {cert: V, key: V}',
  'request: V',
  'request: {timeout: V}',
  'request: {headers: V}',
  'request: {headers: {a: "V\\n"}}',
  'request: {params: V}',
  'request: {params: [V]}',
  'request: {format: V}',
  'response: {expiresInUnit: V}',
  'response: {accessToken: {a: V}}',
  'lifetime: {max: V}',
  'inject: V',
  'inject: {header: "V V"}',
  'required: V',
  'issuer: V',
  'resource: V',
  'resource: {a: V}',
  'algorithm: V',
  'privateKeyFile: V',
  'clientAuth: private_key_jwt\n    privateKey: V',
  'clientAuth: private_key_jwt\n    privateKey: "{V"',
  'type: password\n    password: {a: V}',
  'type: refresh_token\n    refreshTokenFile: V',
  'type: refresh_token\n    refreshToken: V',
  'type: jwt_bearer\n    privateKey: V',
  'type: jwt_bearer\n    serviceAccountFile: V',
  'type: jwt_bearer\n    assertionFile: V',
  'type: jwt_bearer\n    claims: V',
  'type: jwt_bearer\n    claims: {exp: V}',
  'type: token_exchange\n    subjectTokenType: V',
  'type: token_exchange\n    audience: {a: V}',
  'type: static\n    token: V V',
  'type: static\n    tokenFile: V',
  'type: api_key\n    value: "V\\n"',
  'type: api_key\n    inject: V',
  'type: basic\n    username: "V:"',
  'type: basic\n    username: V',
  'type: basic\n    password: "V\\n"',
  'type: file\n    path: {a: V}',
  'type: command\n    command: V',
  'type: command\n    command: [./V]',
  'type: command\n    command: [a, {b: V}]',
  'type: command\n    env: {"a=V": b}',
  'type: command\n    timeout: V',
];

test.each(misplaced)('no message repeats a value: %s', (written) => {
  const [start, end] = [`credentials:\n  c:\n    clientId: a\n    `, `\n${leastRoutes}`];
  for (const [source, env] of [
    [`${start}${written.replaceAll('V', canary)}${end}`, {}],
    [`${start}${written.replaceAll(/"?(\bV\b( V)?(\\n)?)"?/g, '"${CANARY} $1"')}${end}`, { CANARY: canary }],
  ] as const) {
    const faults = faultsOf(source, env);
    expect(faults).not.toEqual([]);
    expect(faults.join('\n')).not.toContain(canary);
  }
});

test.each([
  `*${canary}`,
  `!${canary}`,
  `!!${canary} x`,
  `@${canary}`,
  `%${canary}`,
  `|${canary}`,
  `>${canary}`,
  `"x"${canary}`,
  `"${canary}`,
  `"\\${canary}`,
  `a: ${canary}`,
  `[${canary}`,
  `{${canary}`,
  `&${canary}`,
  `\`${canary}`,
])('what is not YAML for want of quotes is not repeated: %s', (written) => {
  const faults = faultsOf(`credentials:\n  c:\n    clientSecret: ${written}\n${leastRoutes}`);
  expect(faults).not.toEqual([]);
  expect(faults.join('\n')).not.toContain(canary);
});

test.each([
  withRoute(`upstream2: ${canary}`),
  withRoute(`methods: ["${canary} x"]`),
  withRoute(`credential: ${canary}`),
  withRoute(`headers: {set: {Host: ${canary}}}`),
  withRoute(`timeouts: {idle: ${canary}}`),
  `listen: {host: "${canary} x"}\n${leastRoutes}`,
  `listen: {clientToken: {a: ${canary}}}\n${leastRoutes}`,
  `listen: {clientTokenFile: ${canary}}\n${leastRoutes}`,
  `log: {level: ${canary}}\n${leastRoutes}`,
  `tokenStore: ${canary}\n${leastRoutes}`,
  `tokenStore: {redis: {url: "redis://u:${canary}/@r", encryptionKey: "${canary}"}}\n${leastRoutes}`,
  `tokenStore: {redis: {url: "redis://r", encryptionKeyFile: "${canary}"}}\n${leastRoutes}`,
  `credentials: {c: {clientSecret:${canary}, provider: nitro, clientId: a}}\n${leastRoutes}`,
  `credentials:\n  c:\n    provider: nitro\n    clientSecret:${canary}\n${leastRoutes}`,
  `routes: [{prefix: /a, upstream: "https://u:${canary}@api.example.com"}]`,
  `? [${canary}]\n: x\n${leastRoutes}`,
  `{[${canary}]: x}`,
  `{ {${canary}: y}: x }`,
  `credentials:\n  c:\n    provider: nitro\n    tls: {{${canary}}}\n${leastRoutes}`,
  `a: &x [${canary}]\n*x : y\n${leastRoutes}`,
  canary,
])('nor elsewhere: %s', (source) => {
  const faults = faultsOf(source);
  expect(faults).not.toEqual([]);
  expect(faults.join('\n')).not.toContain(canary);
});

test('a config that is right does not print its secrets either', () => {
  const source = `listen: {clientToken: ${canary}}\n${withCredential('').replace('clientSecret: def', `clientSecret: ${canary}`)}`;
  const config = read(source);
  for (const printed of [JSON.stringify(config), inspect(config, { depth: null, showHidden: true }), String(config)])
    expect(printed).not.toContain(canary);
});

test('the secret is what was written', async () => {
  const { clientSecret } = mainCredential(withCredential('').replace('clientSecret: def', 'clientSecret: "${S}"'), {
    S: ` a: "b'\n`,
  });
  expect((await clientSecret?.read())?.reveal()).toBe(` a: "b'\n`);
});
