/** The examples of the README are configurations that work. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { jsonSchema } from '../../src/config/json-schema.ts';
import { selfSigned } from '../support/certificate.ts';
import { STORE_KEY } from '../support/store-keys.ts';
import { refusals, type SchemaNode } from './json-schema.ts';
import { faultsOf, leastRoutes } from './reading.ts';

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
const credentials = /^## Credentials$(.*?)^## /ms.exec(readme)?.[1] ?? '';
const examples = blocksOf(credentials);
// Every member of it is optional there.
const schema = jsonSchema() as SchemaNode;

function blocksOf(text: string): string[] {
  return [...text.matchAll(/^```yaml$(.*?)^```$/gms)].map(([, block]) => block ?? '');
}

const rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' });
const client = selfSigned();
/** What the examples find below `/run/secrets`. */
const secrets: Readonly<Record<string, string>> = {
  crm: 'canary-secret',
  password: 'canary-password',
  token: 'canary-token',
  key: 'canary-key',
  assertion: 'a.b.c',
  'token-store-key': STORE_KEY,
  'refresh-token': 'canary-refresh',
  'projected-token': 'a.b.c',
  'key.pem': String(rsaKey),
  'client.pem': client.cert,
  'client-key.pem': client.key,
  'service-account.json': JSON.stringify({
    ...{ type: 'service_account', client_email: 'robot@project.example.com', private_key: String(rsaKey) },
    token_uri: 'https://oauth2.example.com/token',
  }),
};

/** What is wrong with a block, where the files that it names are there. */
async function faultsIn(block: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-readme-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(secrets)) await writeFile(join(folder, name), content);
  const source = block.replaceAll('/run/secrets/', `${folder}/`);
  return faultsOf(source.includes('\nroutes:') ? source : `${source}\n${leastRoutes}`, {
    CRM_CLIENT_ID: 'abc',
    CRM_CLIENT_SECRET: 'canary-secret',
    REDIS_PASSWORD: 'canary-password',
    PROXY_PASSWORD: 'canary-password',
  });
}

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(5);
});

test.each(examples.map((block, index): [number, string] => [index + 1, block]))(
  'example %d of "Credentials" is right',
  async (_, block) => {
    expect(await faultsIn(block)).toEqual([]);
    expect(refusals(schema, parse(`${block}\n${leastRoutes}`))).toEqual([]);
  },
);

test('so is the whole configuration at the top', async () => {
  const [first = ''] = blocksOf(/^## proxy.yaml$(.*?)^## /ms.exec(readme)?.[1] ?? '');
  expect(first).toContain('routes:');
  expect(await faultsIn(first)).toEqual([]);
});

test('there is an example of every type of credential and of every client authentication', () => {
  const kinds = branchesOf(schema);
  const shown = examples.flatMap((block) => Object.values<Spelt>(parse(block)['credentials']));
  for (const key of ['type', 'clientAuth'] as const) {
    const known = new Set(kinds.flatMap(({ properties }) => wordsOf(properties?.[key])));
    const used = shown.map((spelt) => spelt[key] ?? wordsOf(kinds[0]?.properties?.[key])[0]);
    expect([...known].filter((word) => !used.includes(word))).toEqual([]);
    expect(known.size).toBeGreaterThan(4);
  }
});

interface Spelt {
  readonly type?: string;
  readonly clientAuth?: string;
}

function branchesOf(schema: SchemaNode): readonly SchemaNode[] {
  const { additionalProperties } = schema.properties?.['credentials'] ?? {};
  return typeof additionalProperties === 'object' ? (additionalProperties.anyOf ?? []) : [];
}

function wordsOf(node: SchemaNode | undefined): string[] {
  return (node?.anyOf ?? []).flatMap((branch) => (branch.enum ?? []).map(String));
}

test.each(['A shared token store', 'Egress proxies'])('and %s', async (title) => {
  const blocks = blocksOf(new RegExp(`^## ${title}$(.*?)^## `, 'ms').exec(readme)?.[1] ?? '');
  expect(blocks).toHaveLength(1);
  for (const block of blocks) expect(await faultsIn(block)).toEqual([]);
});
