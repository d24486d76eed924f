import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folder } from '../cli/command.ts';
import { faultsOf, leastRoutes, read } from './reading.ts';

const admin = (value: string): string => `admin: ${value}\n${leastRoutes}`;

test.each([['false'], ['"false"'], ['${OFF}']])('admin: %s is none', (spelt) => {
  expect(read(admin(spelt), { OFF: 'false' }).admin).toBe(false);
});

test.each([['{}'], [''], ['{host: "", port: , clientToken: ""}']])('admin: %s is the usual one', (spelt) => {
  expect(read(admin(spelt)).admin).toEqual({
    host: '127.0.0.1',
    port: 9090,
    allowedHosts: [],
    clientToken: undefined,
  });
});

test('its client token stands there or in a file, and is a secret', async () => {
  const file = join(await folder(), 'token');
  await writeFile(file, 'from-a-file\n');
  for (const [spelt, expected] of [
    ['clientToken: "${TOKEN}"', 'from-the-environment'],
    [`clientTokenFile: ${file}`, 'from-a-file'],
  ]) {
    const { admin: given } = read(admin(`{${spelt}}`), { TOKEN: 'from-the-environment' });
    const token = given === false ? undefined : await given.clientToken?.read();
    expect(token?.reveal()).toBe(expected);
    expect(JSON.stringify(given)).not.toContain('from-');
  }
});

test.each([
  [
    'two client tokens',
    '{clientToken: a, clientTokenFile: /dev/null}',
    'admin.clientTokenFile: stands beside clientToken',
  ],
  ['one that cannot be sent', '{clientToken: "a b"}', 'admin.clientToken: is not a client token of visible ASCII'],
  ['a file that is not there', '{clientTokenFile: nowhere}', 'admin.clientTokenFile: names a file that does not exist'],
  ['a host with a port', '{allowedHosts: ["a:1"]}', 'admin.allowedHosts[0]: is not a host name'],
  ['a key of the main port', '{allowedOrigins: []}', 'admin.allowedOrigins: is not known here'],
  ['a word', 'off', 'admin: is neither false nor a group of keys'],
])('%s is told', (_, spelt, message) => {
  expect(faultsOf(admin(spelt)).join('\n')).toContain(message);
});
