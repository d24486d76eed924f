import { expect, test } from 'vitest';
import { faultsOf, leastRoutes, mainCredential, read, withCredential } from './reading.ts';

const audience = (written: string, env: Record<string, string> = {}) =>
  mainCredential(withCredential(`audience: '${written}'`), env).audience;

test.each<[string, Record<string, string>, string]>([
  ['${A}', { A: 'x' }, 'x'],
  ['https://${A}/${B}', { A: 'x', B: 'y' }, 'https://x/y'],
  ['${A:-d}', {}, 'd'],
  ['${A:-d}', { A: '' }, 'd'],
  ['${A:-d}', { A: 'x' }, 'x'],
  ['${A:-b:-c}', {}, 'b:-c'],
  ['${A:-http://h:1/$x}', {}, 'http://h:1/$x'],
  ['$${A}', { A: 'x' }, '${A}'],
  ['$$${A}', { A: 'x' }, '$${A}'],
  ['$A', { A: 'x' }, '$A'],
  ['${A}', { A: '${B}', B: 'y' }, '${B}'],
  ['${A}', { A: '$&$1$$' }, '$&$1$$'],
  ['${toString:-d}', {}, 'd'],
])('%s with %o is %s', (written, env, result) => {
  expect(audience(written, env)).toBe(result);
});

test.each([
  'a: b',
  'x\n  clientAuth: post\n',
  '{clientAuth: post}',
  '[1, 2]',
  '"quoted"',
  '# none',
  '*alias',
  '!tag',
  'null',
  '12',
  'true',
])('a value that looks like YAML stays a value: %j', (value) => {
  expect(audience('${A}', { A: value })).toBe(value);
  expect(mainCredential(withCredential('audience: ${A}'.replace('${A}', '"${A}"')), { A: value }).clientAuth).toBe(
    'basic',
  );
});

test('numbers, booleans, durations, sizes and words are read from the result', () => {
  const source = [
    'listen: {port: "${PORT}", openListener: "${OPEN}", host: "0.0.0.0"}',
    'log: {level: "${LEVEL}"}',
    'limits: {headerSize: "${SIZE}"}',
    'shutdown: {timeout: "${N}s"}',
    'admin: "${ADMIN}"',
    'routes: [{prefix: "${PREFIX}", upstream: "${URL}/base", methods: ["${METHOD}"], retry: {statuses: ["${STATUS}"]}}]',
  ].join('\n');
  const config = read(source, {
    PORT: '8181',
    OPEN: 'true',
    LEVEL: 'debug',
    SIZE: '1KiB',
    N: '7',
    ADMIN: 'false',
    PREFIX: '/p',
    URL: 'https://api.example.com',
    METHOD: 'GET',
    STATUS: '403',
  });
  expect(config).toMatchObject({
    listen: { port: 8181, openListener: true },
    log: { level: 'debug' },
    limits: { headerSize: 1024 },
    shutdown: { timeout: 7000 },
    admin: false,
    routes: [{ prefix: '/p', methods: ['GET'], retry: { statuses: [403] } }],
  });
});

test('a port that is none is a fault at its place, without the value', () => {
  expect(faultsOf(`listen:\n  port: \${PORT}\n${leastRoutes}`, { PORT: '80 80' })).toEqual([
    'proxy.yaml:2:9 listen.port: is not a whole number from 0 to 65535 [from PORT]',
  ]);
});

test.each(['A', 'constructor', '__proto__'])('a variable that is not set is a fault that names it: %s', (name) => {
  expect(faultsOf(withCredential(`audience: "\${${name}}"`))).toEqual([
    expect.stringMatching(
      new RegExp(`credentials\\.main\\.audience: needs the environment variable ${name}, which is not set$`),
    ),
  ]);
});

test.each(['${', '${A', '${}', '${A-b}', '${1A}', '${A B}', '${A:-${B}}', '${A:+b}'])(
  'a "${" that is no placeholder is a fault: %s',
  (written) => {
    expect(faultsOf(withCredential(`audience: '${written}'`), { A: 'x', B: 'y' })).toEqual([
      expect.stringContaining('credentials.main.audience: has a "${" that is no placeholder'),
    ]);
  },
);

test('keys are not replaced', () => {
  expect(faultsOf(`\${A}: 1\n${leastRoutes}`, { A: 'log' })).toEqual([
    expect.stringMatching(/^proxy\.yaml:1:1 .*is not known here/),
  ]);
});

test.each<[string, string, Readonly<Record<string, string>>]>([
  ['${U}', '[from U, which is empty]', { U: '' }],
  ['${U:-}', '[from U, which is not set]', {}],
  ['${U:-}', '[from U, which is empty]', { U: '' }],
  ['https://${U}/a', '[from U, which is empty]', { U: '' }],
  ['x${U}${V}${U}', '[from U, V]', { U: 'u', V: 'v' }],
  ['${A}${A}${A}', '[from A]', { A: 'a' }],
  ['${A}${U}${A}${U}', '[from A, U, which is empty]', { A: 'a', U: '' }],
])('of a wrong value each variable is named once, and that it is empty: %s', (upstream, from, env) => {
  expect(faultsOf(`routes: [{prefix: /a, upstream: "${upstream}"}]`, env)).toEqual([
    `proxy.yaml:1:33 routes[0].upstream: is not an address (such as https://api.example.com/base; no user, no fragment) ${from}`,
  ]);
});

test('a default in the place of an empty variable is not told as from it', () => {
  expect(faultsOf('routes: [{prefix: /a, upstream: "${U:-x}"}]', { U: '' })).toEqual([
    expect.stringMatching(/no fragment\)$/),
  ]);
});

test('a required key that an empty variable leaves without a value names the variable', () => {
  const source = `credentials: {c: {tokenUrl: "\${U}", clientId: "\${U}", clientSecret: "\${U}"}}\n${leastRoutes}`;
  expect(faultsOf(source, { U: '' })).toEqual([
    expect.stringMatching(/tokenUrl: is required .* \[from U, which is empty\]$/),
    expect.stringMatching(/clientId: is empty \[from U, which is empty\]$/),
    expect.stringMatching(/clientSecret: is required .* \[from U, which is empty\]$/),
  ]);
});
