import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { selfSigned } from '../support/certificate.ts';
import { faultsOf, leastRoutes, read } from './reading.ts';

async function tokenFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'token'), 'abc');
  return JSON.stringify(join(folder, 'token'));
}

const listening = (keys: string): string => `listen: {${keys}}\n${leastRoutes}`;

test.each(['0.0.0.0', '::', '192.168.1.7', 'proxy.internal', '0', '127.0.0.1.example.com'])(
  'B14 listening on %s needs a client token, or a word that nobody needs one',
  (host) => {
    expect(faultsOf(listening(`host: "${host}"`))).toEqual([
      expect.stringContaining(
        'listen.host: is open to other machines: set clientToken or tls.clientCa (or openListener: true',
      ),
    ]);
    expect(faultsOf(listening(`host: "${host}", clientToken: ""`))).toHaveLength(1);
    expect(faultsOf(listening(`host: "${host}", clientToken: abc`))).toEqual([]);
    expect(faultsOf(listening(`host: "${host}", openListener: true`))).toEqual([]);
  },
);

test.each(['127.0.0.1', '127.0.0.2', 'localhost', '::1'])('listening on %s needs none', (host) => {
  expect(faultsOf(listening(`host: "${host}"`))).toEqual([]);
});

test('a certificate that clients must show guards a listener as a client token does', () => {
  const { cert, key } = selfSigned();
  const tls = (given: object) => `host: 0.0.0.0, tls: ${JSON.stringify(given)}`;
  expect(faultsOf(listening(tls({ cert, key, clientCa: cert })))).toEqual([]);
  expect(faultsOf(listening(tls({ cert, key })))).toEqual([expect.stringContaining('is open to other machines')]);
});

test('one fault in listen makes no other of what is right', async () => {
  const keys = `host: 0.0.0.0, port: 99999, clientTokenFile: ${await tokenFile()}`;
  expect(faultsOf(listening(keys))).toEqual([expect.stringContaining('listen.port: ')]);
});

test('a client token is given once, and its file must be there', async () => {
  expect(faultsOf(listening(`clientToken: a, clientTokenFile: ${await tokenFile()}`))).toEqual([
    expect.stringContaining('listen.clientTokenFile: stands beside clientToken'),
  ]);
  expect(faultsOf(listening('clientTokenFile: not-there'))).toEqual([
    expect.stringContaining('listen.clientTokenFile: names a file that does not exist'),
  ]);
});

test.each(['proxy.internal', '*.internal', '[::2]'])('%s may be an allowed host', (name) => {
  expect(read(listening(`allowedHosts: ["${name}"]`)).listen.allowedHosts).toEqual([name]);
});

test.each(['proxy.internal:80', 'https://proxy.internal', '*', 'a.*', 'a b'])('%s is no allowed host', (name) => {
  expect(faultsOf(listening(`allowedHosts: ["${name}"]`))).toEqual([
    expect.stringContaining('listen.allowedHosts[0]: is not a host name'),
  ]);
});

test.each(['app.example.com', 'https://app.example.com/', '*', 'null'])('%s is no origin', (origin) => {
  expect(faultsOf(listening(`allowedOrigins: ["${origin}"]`))).toEqual([
    expect.stringContaining('listen.allowedOrigins[0]: is not an origin'),
  ]);
});

test.each([
  'https://app.example.com:443',
  'http://app.example.com:80',
  'https://x@app.example.com',
  'https://ä.example.com',
  'https://app.example.com:99999',
])('%s is no origin as browsers spell them', (origin) => {
  expect(faultsOf(listening(`allowedOrigins: ["${origin}"]`))).toEqual([
    expect.stringContaining('listen.allowedOrigins[0]: is not spelt as browsers spell an origin'),
  ]);
});

test.each(['https://App.example.com', 'http://localhost:3000', 'http://[::1]:81', 'chrome-extension://abcdef'])(
  '%s is one',
  (origin) => {
    expect(faultsOf(listening(`allowedOrigins: ["${origin}"]`))).toEqual([]);
  },
);
