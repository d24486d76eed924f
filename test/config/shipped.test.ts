/** The files beside the program: `proxy.yaml`, and the schema that editors check it with. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { jsonSchema } from '../../src/config/json-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { nodes, refusals, type SchemaNode } from './json-schema.ts';
import { ofType } from './reading.ts';

const shipped = new URL('../../proxy.yaml', import.meta.url);
/** Those that the sandbox imitates. */
const sandboxed = ['nitro', 'podero', 'optty', 'spotnana'];
const shippedSchema = new URL('../../proxy.schema.json', import.meta.url);

test('proxy.yaml is right in an empty environment, and talks to the sandbox', async () => {
  const { credentials, routes, listen } = await loadConfig(shipped.pathname, {});
  expect(Object.keys(credentials)).toEqual(sandboxed);
  expect(routes.map(({ prefix, credential }) => [prefix, credential])).toEqual(
    sandboxed.map((name) => [`/${name}`, name]),
  );
  expect(routes.map(({ upstream: { origin, basePath } }) => origin + basePath)).toEqual(
    sandboxed.map((name) => `http://127.0.0.1:9100/${name}`),
  );
  expect(listen).toMatchObject({ host: '127.0.0.1', port: 8080, clientToken: undefined });
});

test.each(sandboxed)('%s goes live with its three variables', async (name) => {
  const variable = name.toUpperCase();
  const { credentials, routes } = await loadConfig(shipped.pathname, {
    [`${variable}_URL`]: 'https://live.example.com/base',
    [`${variable}_CLIENT_ID`]: 'live-id',
    [`${variable}_CLIENT_SECRET`]: 'live-secret',
  });
  const credential = ofType('client_credentials', credentials[name]);
  expect(credential.tokenUrl).toMatch(/^https:\/\/live\.example\.com\/base\/.*token\/?$/);
  expect(credential.clientId).toBe('live-id');
  expect((await credential.clientSecret?.read())?.reveal()).toBe('live-secret');
  expect(routes.find(({ prefix }) => prefix === `/${name}`)?.upstream).toMatchObject({
    origin: 'https://live.example.com',
    basePath: '/base',
  });
  expect(routes.filter(({ upstream }) => upstream.origin.startsWith('https:'))).toHaveLength(1);
});

test('in a container, host, port and client token come from the environment', async () => {
  const env = { BEARERWAY_HOST: '0.0.0.0', BEARERWAY_PORT: '80' };
  await expect(loadConfig(shipped.pathname, env)).rejects.toThrow('listen.host: is open to other machines');
  const { listen } = await loadConfig(shipped.pathname, { ...env, BEARERWAY_CLIENT_TOKEN: 'x' });
  expect(listen).toMatchObject({ host: '0.0.0.0', port: 80 });
});

// JSON.parse knows no types; every member is optional.
const schema = JSON.parse(await readFile(shippedSchema, 'utf8')) as SchemaNode & { readonly $schema: string };

test('proxy.schema.json is what the schema says (npm run schema writes it anew)', () => {
  expect(schema).toEqual(jsonSchema());
  expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
});

test('no key with a default is required, and the others are', () => {
  for (const { properties = {}, required = [] } of nodes(schema)) {
    for (const key of required) {
      expect(properties).toHaveProperty(key);
      expect(properties[key]).not.toHaveProperty('default');
    }
  }
  expect(nodes(schema).flatMap(({ required = [] }) => required)).toEqual(
    expect.arrayContaining(['routes', 'prefix', 'upstream', 'clientId']),
  );
});

test('every group refuses keys that it does not know', () => {
  const groups = nodes(schema).filter(({ properties }) => properties !== undefined);
  expect(groups.length).toBeGreaterThan(10);
  expect(groups.filter(({ additionalProperties }) => additionalProperties !== false)).toEqual([]);
});

test('patterns are those of ECMA-262 with Unicode, as the draft asks', () => {
  for (const { pattern } of nodes(schema))
    if (pattern !== undefined) expect(() => new RegExp(pattern, 'u')).not.toThrow();
});

test('the schema accepts the shipped proxy.yaml as it is written, and every default in itself', async () => {
  expect(refusals(schema, parse(await readFile(shipped, 'utf8')))).toEqual([]);
  for (const node of nodes(schema)) if (node.default !== undefined) expect(refusals(node, node.default)).toEqual([]);
});

test.each<[unknown, string]>([
  [{}, 'routes'],
  [{ routes: [{ prefix: '/a' }] }, 'upstream'],
  [{ routes: [{ prefix: 'a', upstream: 'https://a' }] }, 'pattern'],
  [{ routes: [{ prefix: '/a', upstream: 'https://a' }], listn: {} }, 'listn'],
  [{ routes: [{ prefix: '/a', upstream: 'https://a' }], log: { level: 'loud' } }, 'anyOf'],
  [{ routes: [{ prefix: '/a', upstream: 'https://a' }], credentials: { a: { type: 'pasword' } } }, 'anyOf'],
  [
    { routes: [{ prefix: '/a', upstream: 'https://a' }], credentials: { a: { type: 'password', provider: 'nitro' } } },
    'anyOf',
  ],
])('the schema refuses %j', (value, where) => {
  expect(refusals(schema, value).join()).toContain(where);
});
