import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { folder } from '../cli/command.ts';
import { STORE_KEY } from '../support/store-keys.ts';
import { faultsOf, leastRoutes, read } from './reading.ts';

function stored(keys: string): string {
  return `tokenStore: {redis: {${keys}}}\n${leastRoutes}`;
}

function withUrl(url: string): string {
  return stored(`url: ${JSON.stringify(url)}, encryptionKey: "${STORE_KEY}"`);
}

function redisOf(source: string, file?: string) {
  const { tokenStore } = read(source, {}, file);
  if (tokenStore === 'memory') throw new Error('it is memory');
  return tokenStore.redis;
}

test.each(['', 'tokenStore:\n', 'tokenStore: memory\n', 'tokenStore: ""\n'])(
  'without a Redis it is memory: %j',
  (text) => {
    expect(read(`${text}${leastRoutes}`).tokenStore).toBe('memory');
  },
);

test('a Redis has defaults for all but its URL and the key', async () => {
  const { url, prefix, required, encryptionKey } = redisOf(withUrl('redis://redis.internal'));
  expect({ url, prefix, required }).toEqual({
    url: { host: 'redis.internal', port: 6379, tls: false, username: undefined, password: undefined, database: 0 },
    prefix: 'bearerway:',
    required: false,
  });
  expect((await encryptionKey.read()).reveal()).toBe(STORE_KEY);
});

test.each([
  ['rediss://r', { tls: true, port: 6379 }],
  ['redis://[::1]:7000/12', { host: '::1', port: 7000, database: 12 }],
  ['redis://10.0.0.1/', { host: '10.0.0.1', database: 0 }],
  ['redis://bearerway@r', { username: 'bearerway', password: undefined }],
])('a URL says where: %s', (given, expected) => {
  expect(redisOf(withUrl(given)).url).toMatchObject(expected);
});

test.each([
  ['redis://u:p%40%2F%3A%25@r', 'u', 'p@/:%'],
  ['redis://:a:b@r', undefined, 'a:b'],
])('a URL says who we are, and does not print it: %s', (given, username, password) => {
  const { url } = redisOf(withUrl(given));
  expect([url.username, url.password?.reveal()]).toEqual([username, password]);
  for (const printed of [JSON.stringify(url), inspect(url, { showHidden: true })])
    expect(printed).not.toContain(password);
});

test.each([
  'http://canary-host',
  'canary-host:6379',
  'redis://',
  'redis://canary:%zz@r',
  'redis://r:65536',
  'redis://canary:0',
  'redis://canary..internal',
  'redis://r/canary',
  'redis://r?canary',
  'redis://u:canary/slash@r',
])('what is no address of a Redis is told, and not repeated: %s', (given) => {
  const faults = faultsOf(withUrl(given));
  expect(faults).toEqual([expect.stringContaining('tokenStore.redis.url: is not the address of a Redis')]);
  expect(faults.join()).not.toContain('canary');
});

const notAKey = 'is not 32 bytes in base64 (openssl rand -base64 32 makes some)';

test.each([
  Buffer.alloc(16).toString('base64'),
  Buffer.alloc(31).toString('base64'),
  Buffer.alloc(33).toString('base64'),
  Buffer.alloc(32).toString('hex'),
  'canary',
  ` ${STORE_KEY}`,
])('a key of another size or spelling is a fault: %s', (key) => {
  const faults = faultsOf(stored(`url: "redis://r", encryptionKey: "${key}"`));
  expect(faults).toEqual([expect.stringContaining(`tokenStore.redis.encryptionKey: ${notAKey}`)]);
  expect(faults.join()).not.toContain('canary');
});

test('a key may stand in a file, which is looked into at the check', async () => {
  const place = await folder();
  const source = stored('url: "redis://r", encryptionKeyFile: key');
  const [file, yaml] = [join(place, 'key'), join(place, 'proxy.yaml')];
  await writeFile(file, 'too short\n');
  expect(faultsOf(source, {}, yaml)).toEqual([
    expect.stringContaining('tokenStore.redis.encryptionKeyFile: names a file that does not hold 32 bytes in base64'),
  ]);
  await writeFile(file, `${STORE_KEY}\n`);
  expect((await redisOf(source, yaml).encryptionKey.read()).reveal()).toBe(STORE_KEY);
});

test.each([
  ['tokenStore: redis\n', ['tokenStore: is neither memory nor a group with redis']],
  [
    'tokenStore: {redsi: {}}\n',
    ['tokenStore.redis: is required', 'tokenStore.redsi: is not known here (did you mean "redis"?)'],
  ],
  ['tokenStore: {redis: }\n', ['tokenStore.redis: is not a group of keys']],
  ['tokenStore: {redis: {}}\n', ['url: is required', 'encryptionKey: is required (or encryptionKeyFile)']],
  [
    `tokenStore: {redis: {url: "redis://r", encryptionKey: "${STORE_KEY}", encryptionKeyFile: x}}\n`,
    ['encryptionKeyFile: names a file that does not exist', 'encryptionKeyFile: stands beside encryptionKey'],
  ],
  [
    `tokenStore: {redis: {url: "redis://r", encryptionKey: "${STORE_KEY}", prefix: "a b"}}\n`,
    ['prefix: is not visible ASCII'],
  ],
])('what cannot be is told: %s', (text, faults) => {
  expect(faultsOf(`${text}${leastRoutes}`)).toEqual(faults.map((fault) => expect.stringContaining(fault)));
});

test('with a Redis a refresh token may stand in the config: its successors are kept there', () => {
  const main = `credentials: {main: {type: refresh_token, tokenUrl: "https://id.example.com/token", refreshToken: abc}}\n`;
  expect(faultsOf(`${main}${leastRoutes}`)).toEqual([
    expect.stringContaining('refreshToken: has no place where its successor could be kept'),
  ]);
  expect(faultsOf(`${main}${stored(`url: "redis://r", encryptionKey: "${STORE_KEY}"`)}`)).toEqual([]);
});
