import { expect, test } from 'vitest';
import { expectNoCanary } from '../support/canary.ts';
import { call } from '../support/client.ts';
import { startEgressProxy } from '../support/egress-proxy.ts';
import { API_NAME, namedIdentity, startNamedApi } from '../support/named-api.ts';
import { anywhere, bearerway, configFile } from './command.ts';

test('the egress proxy of the environment is used, and told of without its credentials', async () => {
  const api = await startNamedApi(namedIdentity);
  const egress = await startEgressProxy();
  egress.knows(`${API_NAME}:443`, api.url);
  egress.guarded = true;
  const config = {
    ...{ listen: { port: 0 }, admin: false, egress: { ca: [namedIdentity.cert] } },
    routes: [{ prefix: '/api', upstream: `https://${API_NAME}` }],
  };
  const env = { HTTPS_PROXY: egress.guardedUrl, https_proxy: '', NO_PROXY: 'other.test', no_proxy: '' };
  const command = bearerway(['run', '-c', await configFile(config)], { env });
  const { port } = await command.listening();
  expect((await call(port, '/api/x')).text).toBe(`/x of ${API_NAME}`);
  expect(command.log.find(({ msg }) => /egress proxy/.test(String(msg)))).toMatchObject({ https: egress.url });
  expectNoCanary(command.stdout + command.stderr, 'the output');
});

test('check tells of a variable that names no proxy, and not what it holds', async () => {
  const env = { HTTPS_PROXY: 'socks5://me:canary-secret@proxy.internal:1080', https_proxy: '' };
  const { code, stderr } = await bearerway(['check', '-c', await configFile(anywhere)], { env }).ended;
  expect(code).toBe(2);
  expect(stderr).toMatch(/:1:1 egress\.proxy: is left out, and HTTPS_PROXY is not the address of a proxy/);
  expect(stderr).not.toContain('canary');
});
