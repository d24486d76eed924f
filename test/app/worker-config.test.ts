/** What workers serve by comes whole, without what is none of theirs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { servedConfig, type WorkerConfig, workerConfig } from '../../src/app/worker-config.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { Secret } from '../../src/secret.ts';
import { selfSigned } from '../support/certificate.ts';

const { cert, key } = selfSigned();
const pem = (text: string): string => JSON.stringify(text);
const WHOLE = `
listen: {port: 8443, tls: {cert: ${pem(cert)}, key: ${pem(key)}}, clientToken: canary-client-token-9, allowedHosts: [proxy.test]}
limits: {inFlight: 7}
egress: {proxy: "http://me:canary-egress@egress.test:3128", noProxy: [.test], ca: [${pem(cert)}]}
credentials:
  main: {tokenUrl: "https://id.test/token", clientId: a, clientSecret: canary-secret, inject: {header: X-Token, scheme: ""}}
routes:
  - {prefix: /a, upstream: "https://a.test/base", credential: main, tls: {ca: ${pem(cert)}}, retry: {statuses: []}}
  - {prefix: /b, upstream: "http://127.0.0.1:9", headers: {set: {X: y}}, paths: ["/v1/**"]}
shutdown: {timeout: 3s}
`;

const read = (text: string): Config => parseConfig(text, { file: 'proxy.yaml', env: {} });

/** As it comes to a worker. */
function sent(config: Config, clientToken?: Secret): WorkerConfig {
  return JSON.parse(JSON.stringify(workerConfig(config, clientToken)));
}

/** As plain values; what is undefined is not there. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('all that requests are served by arrives', async () => {
  const config = read(WHOLE);
  const given = sent(config, new Secret('canary-client-token-9'));
  const { listen, limits, routes, egress, credentials, tokenStore } = servedConfig(given);
  expect(given.shutdown).toEqual(config.shutdown);
  expect(plain({ limits, routes, tokenStore })).toEqual(
    plain({ limits: config.limits, routes: config.routes, tokenStore: 'memory' }),
  );
  expect(plain({ ...listen, clientToken: '' })).toEqual(plain({ ...config.listen, clientToken: '' }));
  expect((await listen.clientToken?.read())?.reveal()).toBe('canary-client-token-9');
  expect(plain(egress)).toEqual(plain(config.egress));
  expect(egress.https?.authorization?.equals(config.egress.https?.authorization)).toBe(true);
  expect(credentials['main']?.inject).toEqual(config.credentials['main']?.inject);
});

test('the secret of a credential does not', () => {
  expect(JSON.stringify(sent(read(WHOLE)))).not.toContain('canary-secret');
});

test('a client token is that of the other workers, whatever its file holds by now, until that holds another', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'token');
  await writeFile(file, 'canary-before');
  const config = read(`listen: {clientTokenFile: ${file}}\nroutes: [{prefix: /a, upstream: "http://127.0.0.1:9"}]`);
  const given = sent(config, new Secret('canary-before'));
  await rm(file);
  const { clientToken } = servedConfig(given).listen;
  expect((await clientToken?.read())?.reveal()).toBe('canary-before');
  await expect(clientToken?.read()).rejects.toThrow('ENOENT');
  await writeFile(file, 'canary-after');
  expect((await clientToken?.read())?.reveal()).toBe('canary-after');
});

test('where clients need no token, none arrives', () => {
  const config = read('routes: [{prefix: /a, upstream: "http://127.0.0.1:9"}]');
  expect(servedConfig(sent(config)).listen.clientToken).toBeUndefined();
});
