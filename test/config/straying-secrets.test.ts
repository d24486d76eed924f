import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { faultsOf, leastRoutes } from './reading.ts';

const shipped = readFileSync(new URL('../../proxy.yaml', import.meta.url), 'utf8');

test('the shipped config is refused where a secret is set without its URL, and all is told by names', () => {
  const told = faultsOf(shipped, { NITRO_CLIENT_ID: 'canary-id', NITRO_CLIENT_SECRET: 'canary-secret' });
  expect(told).toEqual([
    expect.stringMatching(
      /^proxy\.yaml:\d+:19 credentials\.nitro\.clientSecret: comes from NITRO_CLIENT_SECRET, and would go to the default of NITRO_URL on this machine, as that is not set \(set both or neither\)$/,
    ),
  ]);
  expect(faultsOf(shipped, { NITRO_CLIENT_SECRET: 'x', NITRO_URL: '', PODERO_CLIENT_SECRET: 'y' })).toHaveLength(2);
});

test.each<Readonly<Record<string, string>>>([
  {},
  { NITRO_CLIENT_SECRET: '' },
  { NITRO_URL: 'https://api.example.com', NITRO_CLIENT_ID: 'a', NITRO_CLIENT_SECRET: 'b' },
  { NITRO_URL: 'http://127.0.0.1:9100/nitro', NITRO_CLIENT_SECRET: 'b' },
])('it is not where both are set or neither is: %j', (env) => {
  expect(faultsOf(shipped, env)).toEqual([]);
});

const withKeys = (keys: string): string => `credentials:\n  c: {clientId: a, ${keys}}\n${leastRoutes}`;

test.each([
  'tokenUrl: "${URL:-http://localhost:9/t}", clientSecret: "${SECRET:-x}"',
  'issuer: "${URL:-http://[::1]:9}", clientSecret: "${SECRET:-x}"',
  'type: password, username: u, tokenUrl: "${URL:-http://127.0.0.1:9/t}", clientSecret: y, password: "${SECRET:-x}"',
])('so is any other whose secret and address have defaults: %s', (keys) => {
  expect(faultsOf(withKeys(keys), { SECRET: 'canary-secret' })).toEqual([
    expect.stringMatching(/: comes from SECRET, and would go to the default of URL on this machine/),
  ]);
});

test.each([
  'tokenUrl: "${URL:-https://id.example.com/t}", clientSecret: "${SECRET:-x}"',
  'tokenUrl: "${URL:-http://127.0.0.1:9/t}", clientSecret: "${SECRET}"',
  'tokenUrl: "http://127.0.0.1:9/t", clientSecret: "${SECRET:-x}"',
  'tokenUrl: "${URL:-http://127.0.0.1:9/t}", clientSecret: "a${SECRET:-x}"',
])('what may be meant so is not: %s', (keys) => {
  expect(faultsOf(withKeys(keys), { SECRET: 'canary-secret' })).toEqual([]);
});
