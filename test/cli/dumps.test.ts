/** What Node.js itself writes of a process, when it is asked to, holds no secret. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { CLIENT_SECRET, CLIENT_TOKEN, expectNoCanary } from '../support/canary.ts';
import { call } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, oneRoute } from '../support/proxy.ts';
import { bearerway, configFile, folder, main } from './command.ts';

/** One whose secrets are in its environment, with a token in hand that has been used. */
async function startWithSecrets(node: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const provider = await startIdentityProvider();
  const file = await configFile({
    ...oneRoute(await startApi(provider), provider),
    credentials: { main: credentialFor(provider, { clientSecret: '${SECRET}' }) },
    listen: { port: 0, clientToken: '${CLIENT_TOKEN}' },
  });
  const command = bearerway(['-c', file], { node, env: { ...env, SECRET: CLIENT_SECRET, CLIENT_TOKEN } });
  const { port } = await command.listening();
  await command.logged(({ msg }) => msg === 'token obtained');
  const { status } = await call(port, '/api/x', { headers: { 'Bearerway-Client-Token': CLIENT_TOKEN } });
  expect(status).toBe(200);
  return command;
}

test('S05 a diagnostic report: not the environment either', async () => {
  const file = join(await folder(), 'report.json');
  const write = `process.report.writeReport(${JSON.stringify(file)}, new Error('of the test'))`;
  const script = encodeURIComponent(`process.on('SIGUSR2', () => { ${write}; process.kill(process.pid) })`);
  const command = await startWithSecrets(['--import', `data:text/javascript,${script}`, main]);
  command.child.kill('SIGUSR2');
  expect((await command.ended).code).toBe(0);
  const report = await readFile(file, 'utf8');
  expect(report).toContain('of the test');
  expectNoCanary(report, 'a diagnostic report');
});

test('S04 NODE_DEBUG, which tells of every request that is made by way of node:http', async () => {
  const command = await startWithSecrets([main], { NODE_DEBUG: 'http,http2,https,net,tls,stream,undici,dns,worker' });
  command.child.kill('SIGTERM');
  const { stdout, stderr } = await command.ended;
  expect(stderr).toMatch(/^NET \d+: /m);
  expectNoCanary(stdout + stderr, 'what it wrote');
});
