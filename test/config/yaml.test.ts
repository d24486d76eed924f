import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { faultsOf, leastRoutes, ofType, read, withCredential, withProvider, withRoute } from './reading.ts';

test.each<[string, string, string]>([
  ['an empty file', '', 'proxy.yaml:1:1 routes: is required'],
  ['comments only', '# nothing\n', 'proxy.yaml:1:1 routes: is required'],
  ['a list', '- a\n', 'proxy.yaml:1:1 is not a group of keys'],
  ['a text', 'hello\n', 'proxy.yaml:1:1 is not a group of keys'],
  ['the same key twice', `${leastRoutes}${leastRoutes}`, 'proxy.yaml:2:1 is not YAML: the key is there twice'],
  ['two documents', `${leastRoutes}---\n${leastRoutes}`, 'proxy.yaml:2:1 is not YAML: a second document begins here'],
  ['a tab', `listen:\n\tport: 1\n${leastRoutes}`, 'proxy.yaml:2:1 is not YAML: a tab is no indentation (use spaces)'],
  ['no quote at the end', `${leastRoutes}listen:\n  host: "x`, 'or a quote, comma, colon or bracket is missing'],
  ['a merge', `listen: {<<: {port: 1}}\n${leastRoutes}`, 'proxy.yaml:1:10 "<<" merges nothing: YAML 1.2 has no merge'],
  [
    'a merge of an alias',
    `limits: &l {inFlight: 1}\nshutdown:\n  <<: *l\n${leastRoutes}`,
    'proxy.yaml:3:3 "<<" merges nothing',
  ],
  [
    'an alias of nothing',
    `listen: {host: *x}\n${leastRoutes}`,
    'proxy.yaml:1:16 is an alias ("*") of an anchor that is not there',
  ],
  ['an alias within itself', `listen: &a {port: *a}\n${leastRoutes}`, 'listen.port: is not a whole number'],
])('%s is told with its place', (_, source, message) => {
  expect(faultsOf(source)).toEqual([expect.stringContaining(message)]);
});

test.each<[string, string, string]>([
  ['as a number and as text', `credentials: {1: {type: static, token: a}, '1': {type: static, token: b}}\n`, '1:44'],
  ['as true and as text', "credentials:\n  'true': {}\n  true: {}\n", '3:3'],
  ['as nothing and as empty text', 'credentials:\n  ~: {}\n  "": {}\n', '3:3'],
  ['as two numbers of one spelling', 'credentials: {1: {}, 1.0: {}}\n', '1:22'],
  ['as an alias', 'log: {level: &l info}\ncredentials: {info: {}, *l : {}}\n', '2:25'],
  ['as an alias of a key beside it', 'credentials: {&l info: {}, *l : {}}\n', '1:28'],
  ['deep in a group', `credentials: {c: {type: command, command: [x], env: {1: a, '1': b}}}\n`, '1:60'],
  ['in a list', `routes: [{prefix: /x, headers: {set: {1: a, '1': b}}, upstream: "https://a.example"}]\n`, '1:45'],
])('a key that is there twice, %s, is told once, at the second', (_, source, place) => {
  const rest = source.startsWith('routes') ? '' : leastRoutes;
  expect(faultsOf(`${source}${rest}`)).toEqual([`proxy.yaml:${place} is not YAML: the key is there twice`]);
});

test.each<[string, string]>([
  ['{clientId: ${X}, clientSecret: ${Y}}', '2:17'],
  ['\n    {clientId: ${X:-a}}', '3:16'],
  ['{clientId: https://${X}/a}', '2:25'],
  ['{scope: [${X}, b]}', '2:15'],
])('a placeholder without quotes within brackets is told once in its line: %s', (credential, place) => {
  expect(faultsOf(`credentials:\n  c: ${credential}\n${leastRoutes}`)).toEqual([
    `proxy.yaml:${place} a \${NAME} within { } or [ ] has to be in quotes: "\${NAME}"`,
  ]);
});

test('placeholders without quotes are told for each line, and what stands before them too', () => {
  const source = `a: "x\\q"\nb: {c: \${X}, d: \${Y}}\ne: {f: g}\nh: [\${Z}]\n${leastRoutes}`;
  expect(faultsOf(source)).toEqual([
    expect.stringMatching(/^proxy\.yaml:1:\d+ is not YAML: a backslash/),
    expect.stringMatching(/^proxy\.yaml:2:8 a \$\{NAME\} within/),
    expect.stringMatching(/^proxy\.yaml:4:5 a \$\{NAME\} within/),
  ]);
});

test('what cannot stand where it stands is told once, not all that comes behind it', () => {
  expect(faultsOf(`listen: {port: 1}}\n${leastRoutes}${'x: {y: z}\n'.repeat(9)}`)).toEqual([
    expect.stringMatching(/^proxy\.yaml:1:18 is not YAML: something that cannot stand here/),
  ]);
});

test.each<[string, string, string]>([
  ['a bracket within another', `listen: {port: [\n${leastRoutes}`, '1:16'],
  ['a brace', `listen: {port: 1\n${leastRoutes}`, '1:9'],
  ['a bracket that is closed as a brace', `${leastRoutes}listen: {port: [1, 2}\n`, '2:16'],
  ['the first of several', `listen: {port: 1\nadmin: {port: 2\n${leastRoutes}`, '1:9'],
  ['a brace whose content is too far to the left', `listen: {\nport: 1\n}\n${leastRoutes}`, '1:9'],
  ['the last one of a file', '{listen: {port: 1}, routes: [', '1:29'],
])('a bracket that is not closed is told once, where it opens: %s', (_, source, place) => {
  expect(faultsOf(source)).toEqual([
    `proxy.yaml:${place} is not YAML: the bracket that opens here is not closed (or a line of it is not indented enough)`,
  ]);
});

test('why a bracket is not closed is told instead, where that is known', () => {
  expect(faultsOf(`listen: {host: "x}\n${leastRoutes}`)[0]).toMatch(/^proxy\.yaml:1:19 .* or a quote, /);
  expect(faultsOf(`listen: {host: \${X}\n${leastRoutes}`)).toEqual([expect.stringMatching(/1:16 a \$\{NAME\} within/)]);
});

test('"<<" in quotes is a name like others', () => {
  expect(faultsOf(withCredential('request: {params: {"<<": x}}'))).toEqual([]);
});

test('aliases that multiply each other are refused, not unfolded', () => {
  const levels = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const source = levels.map(
    (name, i) => `${name}: &${name} [${Array.from({ length: 9 }, () => (i === 0 ? 'x' : `*${levels[i - 1]}`))}]\n`,
  );
  expect(faultsOf(source.join(''))).toContain('proxy.yaml:1:1 has aliases of aliases that would grow beyond measure');
});

test('many routes share what one of them has', () => {
  const shared = Array.from({ length: 300 }, (_, i) => `{prefix: /r${i}, upstream: "https://a.example", timeouts: *t}`);
  const source = `routes: [{prefix: /r, upstream: "https://a.example", timeouts: &t {idle: 7s}}, ${shared.join(', ')}]\n`;
  expect(new Set(read(source).routes.map(({ timeouts }) => timeouts.idle))).toEqual(new Set([7000]));
});

test('an alias stands for what it names', () => {
  const source = `limits: {headersTimeout: &t 7s}\nshutdown: {timeout: *t}\n${leastRoutes}`;
  expect(read(source).shutdown.timeout).toBe(7000);
});

test.each<[string, string]>([
  ['at the top', `__proto__: {listen: {port: 1}}\n${leastRoutes}`],
  ['as a credential', `credentials: {__proto__: {clientId: a}}\n${leastRoutes}`],
  ['in a credential', withCredential('__proto__: {clientAuth: post}')],
  ['over a preset', withProvider('nitro', '__proto__: {basicEncoding: raw}')],
  ['deep in a preset', withProvider('nitro', 'request: {fields: {__proto__: {scope: x}}}')],
  ['as a parameter', withCredential('request: {params: {__proto__: x}}')],
  ['as a field', withRoute('headers: {set: {"__proto__": x}}')],
])('__proto__ is no name: %s', (_, source) => {
  expect(faultsOf(source)).toEqual([expect.stringMatching(/^proxy\.yaml:1:\d+ __proto__ cannot be a name$/)]);
});

test('the names of an object are names like others', () => {
  expect(faultsOf(`constructor: 1\n${leastRoutes}`)).toEqual([
    expect.stringContaining('constructor: is not known here'),
  ]);
  expect(faultsOf(withRoute('credential: constructor'))).toEqual([
    expect.stringContaining('routes[0].credential: names no credential'),
  ]);
  const source =
    'credentials: {toString: {provider: nitro, clientId: a, clientSecret: b, request: {params: {constructor: x}}}}\n' +
    withRoute('credential: toString');
  expect(ofType('client_credentials', read(source).credentials['toString']).request.params).toEqual({
    constructor: 'x',
  });
});

test('a file that is not there is told with what to do', async () => {
  await expect(loadConfig('/nowhere/proxy.yaml', {})).rejects.toThrow(
    '/nowhere/proxy.yaml:1:1 there is no such file in /nowhere (go to its folder, or name it with --config FILE or BEARERWAY_CONFIG)',
  );
  await expect(loadConfig(import.meta.dirname, {})).rejects.toThrow('is a folder (name the file in it)');
});
