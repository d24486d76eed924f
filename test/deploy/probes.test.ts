/** The proxy of `deploy/kubernetes`, started from its ConfigMap: kubelet and Prometheus are answered. */
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { startApi } from '../support/api.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { startProxy } from '../support/proxy.ts';
import { secretFiles } from '../support/secret-files.ts';
import { Cluster, SECRETS, secretsIn } from './manifests.ts';

/** Asks as kubelet does: by the pod's address, which nobody configured. */
async function probe(port: number, path: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = { host: '10.244.3.17:9090', 'user-agent': 'kube-probe/1.33' };
  request({ host: '127.0.0.1', port, path, headers, agent: false }, (answer) => {
    answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
  })
    .on('error', reject)
    .end();
  return promise;
}

test('every probe of the sidecar has its answer, and the app its token, by what the manifest says', async () => {
  const cluster = await Cluster.of('sidecar');
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const { proxyYaml } = cluster;
  const source = proxyYaml.replaceAll(SECRETS, `${await secretFiles(secretsIn(proxyYaml))}/`);
  const config = parse(source.replaceAll('https://api.gonitro.dev', api.url));
  config.credentials.nitro.tokenUrl = provider.url;
  const proxy = await startProxy({ ...config, listen: { port: 0 }, admin: { ...config.admin, port: 0 } });
  await proxy.told(/token obtained/);

  const { container, workload } = cluster.proxy;
  for (const { httpGet } of [container.startupProbe, container.readinessProbe, container.livenessProbe].map(
    (each) => each ?? {},
  ))
    expect(await probe(proxy.app.admin?.port ?? 0, httpGet?.path ?? ''), httpGet?.path).toBe(200);
  const [app] = workload.pod.containers;
  const base = new URL(app?.env?.find(({ name }) => name === 'NITRO_BASE_URL')?.value ?? '');
  expect((await proxy.call(`${base.pathname}/v1/x`)).status).toBe(200);
  expect(provider.requests[0]?.body).toContain('canary-secret-of-nitro-client-secret');
});
