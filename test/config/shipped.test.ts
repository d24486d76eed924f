/** The files beside the program: `proxy.yaml`, and the schema that editors check it with. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { jsonSchema } from '../../src/config/json-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { providerNames } from '../../src/config/providers.ts';
import { ofType } from './reading.ts';

const shipped = new URL('../../proxy.yaml', import.meta.url);
const shippedSchema = new URL('../../proxy.schema.json', import.meta.url);

test('proxy.yaml is right in an empty environment, and talks to the sandbox', async () => {
  const { credentials, routes, listen } = await loadConfig(shipped.pathname, {});
  expect(Object.keys(credentials)).toEqual(providerNames);
  expect(routes.map(({ prefix, credential }) => [prefix, credential])).toEqual(
    providerNames.map((name) => [`/${name}`, name]),
  );
  expect(routes.map(({ upstream: { origin, basePath } }) => origin + basePath)).toEqual(
    providerNames.map((name) => `http://127.0.0.1:9100/${name}`),
  );
  expect(listen).toMatchObject({ host: '127.0.0.1', port: 8080, clientToken: undefined });
});

test.each(providerNames)('%s goes live with its three variables', async (name) => {
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

interface Node {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly default?: unknown;
}

// JSON.parse knows no types; every member is optional.
const schema = JSON.parse(await readFile(shippedSchema, 'utf8')) as Node & { readonly $schema: string };

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
])('the schema refuses %j', (value, where) => {
  expect(refusals(schema, value).join()).toContain(where);
});

/** A node and all below it. */
function nodes(node: Node): Node[] {
  const { properties = {}, additionalProperties, items, anyOf = [] } = node;
  const below = [...Object.values(properties), ...anyOf, additionalProperties, items];
  return [node, ...below.flatMap((each) => (typeof each === 'object' ? nodes(each) : []))];
}

/** Why a value does not fit, by the keywords that our schema uses. */
function refusals(node: Node, value: unknown): string[] {
  const found: string[] = [];
  const { type, pattern, anyOf, required = [], properties = {}, additionalProperties, items } = node;
  if (type !== undefined && ![type].flat().includes(typeOf(value))) found.push(`type ${String(type)}`);
  if (node.enum !== undefined && !node.enum.includes(value)) found.push('enum');
  if ('const' in node && node.const !== value) found.push('const');
  if (typeof value === 'string' && pattern !== undefined && !new RegExp(pattern, 'u').test(value))
    found.push('pattern');
  if (anyOf?.every((branch) => refusals(branch, value).length > 0)) found.push('anyOf');
  if (Array.isArray(value) && items !== undefined) found.push(...value.flatMap((item) => refusals(items, item)));
  if (typeOf(value) !== 'object') return found;
  const members = Object.entries(value ?? {});
  found.push(...required.filter((key) => !members.some(([name]) => name === key)));
  for (const [key, member] of members) {
    const schemaOf = properties[key] ?? additionalProperties;
    if (schemaOf === false) found.push(key);
    else if (typeof schemaOf === 'object') found.push(...refusals(schemaOf, member));
  }
  return found;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
