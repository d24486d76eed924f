/** Variables that a config takes secrets from, which `exec` does not hand on. */
import { expect, test } from 'vitest';
import { jsonSchema } from '../../src/config/json-schema.ts';
import { secretVariables } from '../../src/config/secret-variables.ts';
import { nodes, type SchemaNode } from './json-schema.ts';

test('each key that may be spelt with File behind it is a secret', () => {
  // Every member of it is optional there.
  const keys = nodes(jsonSchema() as SchemaNode).flatMap(({ properties = {} }) =>
    Object.keys(properties).filter((key) => Object.hasOwn(properties, `${key}File`)),
  );
  expect(new Set(keys).size).toBeGreaterThan(9);
  for (const key of keys) expect([...secretVariables(`a: {${key}: "\${SECRET}"}`)]).toEqual(['SECRET']);
});

test.each<[string, readonly string[]]>([
  ['clientSecret: ${A}', ['A']],
  ['clientSecret: ${A:-default}', ['A']],
  ['clientSecret: "${A}-${B}"', ['A', 'B']],
  ['clientSecret: $${A}', []],
  ['clientId: ${A}', []],
  ['tokenUrl: "https://fn.example/token?code=${A}"', ['A']],
  ['issuer: "https://${A}.example"', ['A']],
  ['clientSecretFile: ${A}', []],
  ['redis: {url: "redis://:${A}@redis.internal"}', ['A']],
  ['egress: {proxy: "http://me:${A}@proxy.internal"}', ['A']],
  ['request: {params: {api_key: "${A}"}, headers: {X-Key: "${B}"}, query: {k: "${C}"}}', ['A', 'B', 'C']],
  ['headers: {set: {X-Key: "${A}"}}', ['A']],
  ['env: {VAULT_TOKEN: "${A}", PATH: "${PATH}", HOME: "${HOME}"}', ['A']],
  ['command: [vault, "${A}"]', ['A']],
  ['tls: {cert: "${A}", key: "${B}"}', ['B']],
  ['clientId: &id ${A}\nclientSecret: *id', ['A']],
  ['prefix: &list ["${A}"]\ncommand: *list', ['A']],
])('%s', (source, variables) => {
  expect([...secretVariables(source)]).toEqual(variables);
});
