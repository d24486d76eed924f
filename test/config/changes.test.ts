import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configChanges, isUnchanged, keysOfRestart } from '../../src/config/changes.ts';
import { parseConfig } from '../../src/config/load.ts';
import { expectNoCanary } from '../support/canary.ts';

const read = (source: string) => parseConfig(source, { file: join(import.meta.dirname, 'proxy.yaml'), env: {} });

const before = read(`
credentials:
  kept: {tokenUrl: https://id.test/token, clientId: c, clientSecret: canary-secret+/%&=}
  rotated: {tokenUrl: https://id.test/token, clientId: c, clientSecret: canary-secret+/%&=}
  gone: {tokenUrl: https://id.test/token, clientId: c, clientSecret: x}
routes:
  - {prefix: /kept, upstream: https://a.test, credential: kept}
  - {prefix: /changed, upstream: https://a.test}
  - {prefix: /gone, upstream: https://a.test}
`);

test('what was added, changed and removed is told by name, and no value is', () => {
  const after = read(`
# What nobody reads changes nothing, nor does the order of keys.
credentials:
  kept: {clientSecret: canary-secret+/%&=, clientId: c, tokenUrl: https://id.test/token}
  rotated: {tokenUrl: https://id.test/token, clientId: c, clientSecret: canary-secret+/%&=-2}
  new: {type: file, path: token}
routes:
  - {prefix: /kept, upstream: https://a.test, credential: kept}
  - {prefix: /changed, upstream: https://b.test}
  - {prefix: /new, upstream: https://a.test}
limits: {inFlight: 5}
listen: {port: 8081}
admin: false
`);
  const changes = configChanges(before, after);
  expect(changes).toEqual({
    added: ['route /new', 'credential new'],
    changed: ['route /changed', 'credential rotated', 'listen.port', 'admin', 'limits.inFlight'],
    removed: ['route /gone', 'credential gone'],
  });
  expect(isUnchanged(changes)).toBe(false);
  expectNoCanary(JSON.stringify(changes), 'the changes');
});

test('a config has not changed from itself', () => {
  expect(isUnchanged(configChanges(before, before))).toBe(true);
});

test('what takes a restart is named', () => {
  const source = (log: string) => `log: ${log}\nroutes: [{prefix: /a, upstream: https://a.test}]`;
  expect(keysOfRestart(read(source('{}')), read(source('{level: debug}')))).toEqual([]);
  expect(keysOfRestart(read(source('{}')), read(source('{format: json}')))).toEqual(['log.format']);
});
