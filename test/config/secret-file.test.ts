import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { SecretSource } from '../../src/secret.ts';
import { ofType } from './reading.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bearerway-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

const config = (keys: string): string =>
  `credentials: {c: {provider: nitro, clientId: a, ${keys}}}\nroutes: [{prefix: /a, upstream: "https://a.example", credential: c}]\n`;

async function secretIn(path: string, keys: string): Promise<SecretSource> {
  await writeFile(join(path, 'proxy.yaml'), config(keys));
  const { c } = (await loadConfig(join(path, 'proxy.yaml'), {})).credentials;
  const { clientSecret } = ofType('client_credentials', c);
  if (clientSecret === undefined) throw new Error('there is no secret');
  return clientSecret;
}

test('a relative path of a secret begins at the config file, wherever the process is', async () => {
  const path = await folder();
  await mkdir(join(path, 'secrets'));
  await writeFile(join(path, 'secrets', 'x'), 'one');
  const secret = await secretIn(path, 'clientSecretFile: secrets/x');
  expect((await secret.read()).reveal()).toBe('one');
});

test.each([
  ['one', 'one'],
  ['one\n', 'one'],
  ['one\r\n', 'one'],
  ['one\n\n', 'one\n'],
  [' one ', ' one '],
  ['one\ntwo\n', 'one\ntwo'],
])('of %j in a file the secret is %j', async (content, value) => {
  const path = await folder();
  await writeFile(join(path, 'x'), content);
  const secret = await secretIn(path, 'clientSecretFile: x');
  expect((await secret.read()).reveal()).toBe(value);
});

test('the file is read anew each time', async () => {
  const path = await folder();
  await writeFile(join(path, 'x'), 'one');
  const secret = await secretIn(path, 'clientSecretFile: x');
  expect(secret.rotates).toBe(true);
  expect((await secret.read()).reveal()).toBe('one');
  await writeFile(join(path, 'x'), 'two');
  expect((await secret.read()).reveal()).toBe('two');
});

test('an empty file is no secret, and the message names the file', async () => {
  const path = await folder();
  await writeFile(join(path, 'x'), '\n');
  const secret = await secretIn(path, 'clientSecretFile: x');
  await expect(secret.read()).rejects.toThrow(`the secret file ${join(path, 'x')} is empty`);
});

test('a file that is not there is a fault of the config', async () => {
  const path = await folder();
  await expect(secretIn(path, 'clientSecretFile: nope')).rejects.toThrow(
    `proxy.yaml:1:67 credentials.c.clientSecretFile: names a file that does not exist (a relative path begins at ${path})`,
  );
  await expect(secretIn(path, 'clientSecretFile: "."')).rejects.toThrow('names a file that is a folder');
});

test('nor is one that cannot be read', async () => {
  const path = await folder();
  await symlink('x', join(path, 'x'));
  await expect(secretIn(path, 'clientSecretFile: x')).rejects.toThrow('names a file that cannot be read (ELOOP)');
});

test('secret and file together are a fault', async () => {
  const path = await folder();
  await writeFile(join(path, 'x'), 'one');
  await expect(secretIn(path, 'clientSecret: a, clientSecretFile: x')).rejects.toThrow(
    'clientSecretFile: stands beside clientSecret (one of them would be right)',
  );
});

test('a file that is too large for a secret is told when the config is read, and is not read itself', async () => {
  const path = await folder();
  await writeFile(join(path, 'x'), 'canary'.repeat(20_000));
  for (const key of ['clientSecretFile: x', 'clientAuth: private_key_jwt, privateKeyFile: x'])
    await expect(secretIn(path, key)).rejects.toThrow(/File: names a file that is larger than 65536 bytes/);
});
