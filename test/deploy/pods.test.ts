/** Names and numbers of `deploy/kubernetes` fit: ports, volumes, keys of secrets, and what is in proxy.yaml. */
import type { INetworkPolicyPort } from 'kubernetes-models/networking.k8s.io/v1';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { jsonSchema } from '../../src/config/json-schema.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { refusals, type SchemaNode } from '../config/json-schema.ts';
import { secretFiles } from '../support/secret-files.ts';
import { Cluster, folders, kustomizationOf, SECRETS, secretsIn, type Workload } from './manifests.ts';

/** What the product makes of the ConfigMap. */
async function configOf(cluster: Cluster): Promise<Config> {
  const { proxyYaml } = cluster;
  const source = proxyYaml.replaceAll(SECRETS, `${await secretFiles(secretsIn(proxyYaml))}/`);
  return parseConfig(source, { file: 'proxy.yaml', env: environmentOf(cluster) });
}

/** The variables that the container has: those of secrets with something for a value. */
function environmentOf({ proxy }: Cluster): Record<string, string> {
  return Object.fromEntries((proxy.container.env ?? []).map(({ name, value }) => [name, value ?? 'canary']));
}

describe.each(folders)('%s', async (name) => {
  const cluster = await Cluster.of(name);
  const { workload, container } = cluster.proxy;

  test('its proxy.yaml is right, also for an editor', async () => {
    const config = await configOf(cluster);
    expect(config.routes.length).toBeGreaterThan(0);
    // Every member of it is optional there.
    expect(refusals(jsonSchema() as SchemaNode, parse(cluster.proxyYaml))).toEqual([]);
  });

  test('the proxy reads the file that is mounted, and every secret of its proxy.yaml is mounted, and no other', () => {
    const mounts = new Map(container.volumeMounts?.map(({ name: volume, mountPath }) => [mountPath, volume]));
    expect([...mounts.keys()]).toEqual(['/etc/bearerway', SECRETS.slice(0, -1)]);
    expect(environmentOf(cluster)).toMatchObject({ BEARERWAY_CONFIG: '/etc/bearerway/proxy.yaml' });
    const volume = workload.pod.volumes?.find(({ name: volume }) => volume === mounts.get(SECRETS.slice(0, -1)));
    const items = volume?.secret?.items ?? [];
    expect(items.map(({ path }) => path).toSorted()).toEqual(secretsIn(cluster.proxyYaml).toSorted());
    for (const { key, path } of items) expect(key).toBe(path);
    for (const { volumeMounts = [] } of workload.containers)
      for (const mount of volumeMounts) expect(mount).not.toHaveProperty('subPath');
  });

  test('every volume is there and in use, and every ConfigMap too', () => {
    for (const { pod, containers } of cluster.workloads) {
      const used = containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map((mount) => mount.name));
      expect(new Set(used)).toEqual(new Set((pod.volumes ?? []).map((volume) => volume.name)));
      for (const { configMap } of pod.volumes ?? [])
        if (configMap)
          expect(cluster.all.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toContain(
            `ConfigMap ${configMap.name}`,
          );
    }
  });

  test('its ports are those of proxy.yaml, and probes ask a port that there is', async () => {
    const { listen, admin } = await configOf(cluster);
    expect(admin).toMatchObject({ host: '0.0.0.0', port: workload.port('admin') });
    if (name === 'deployment') expect(listen.port).toBe(workload.port('http'));
    for (const each of cluster.workloads)
      for (const { startupProbe, readinessProbe, livenessProbe, name: called } of each.containers)
        for (const probe of [startupProbe, readinessProbe, livenessProbe].filter((given) => given !== undefined)) {
          const port = probe.httpGet?.port ?? probe.tcpSocket?.port;
          expect(each.port(String(port)), `${called}: ${port}`).toBeGreaterThan(0);
        }
    const paths = [container.startupProbe, container.readinessProbe, container.livenessProbe];
    expect(paths.map((probe) => probe?.httpGet?.path)).toEqual(['/healthz', '/readyz', '/healthz']);
  });

  test('a pod is given more time to end than its proxy takes', async () => {
    const { shutdown } = await configOf(cluster);
    expect(Number(workload.pod.terminationGracePeriodSeconds) * 1000).toBeGreaterThan(
      shutdown.delay + shutdown.timeout,
    );
  });

  test('every Service leads to a port of a pod, and every policy is about one', () => {
    for (const { spec } of cluster.services) {
      const targets = cluster.selected(spec?.selector);
      expect(targets).toHaveLength(1);
      for (const { targetPort } of spec?.ports ?? []) expect(targets[0]?.port(String(targetPort))).toBeGreaterThan(0);
    }
    const covered = cluster.policies.flatMap(({ spec }) => cluster.selected(spec?.podSelector?.matchLabels));
    expect(covered.map((each) => each.name).toSorted()).toEqual(cluster.workloads.map((each) => each.name).toSorted());
    for (const { spec } of cluster.policies) {
      expect(spec?.policyTypes).toEqual(['Ingress', 'Egress']);
      const targets = cluster.selected(spec?.podSelector?.matchLabels);
      expectPorts(spec?.ingress?.flatMap(({ ports = [] }) => ports) ?? [], targets);
    }
  });

  test('Prometheus is sent to the admin port', () => {
    const template = cluster.all.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === workload.name);
    expect(JSON.stringify(template)).toContain(`"prometheus.io/port":"${workload.port('admin')}"`);
  });
});

/** Ports that a policy opens are the pods' own, by name. */
function expectPorts(ports: readonly INetworkPolicyPort[], targets: readonly Workload[]): void {
  for (const { port } of ports) expect(targets[0]?.port(String(port)), String(port)).toBeGreaterThan(0);
}

test('sidecar: it is a native one, on loopback, and the base URL of the app is a route of it', async () => {
  const cluster = await Cluster.of('sidecar');
  const { pod } = cluster.proxy.workload;
  expect(pod.initContainers).toMatchObject([{ name: 'bearerway', restartPolicy: 'Always' }]);
  const { listen, routes } = await configOf(cluster);
  expect(listen.host).toBe('127.0.0.1');
  const [app] = pod.containers;
  expect(routes.map(({ prefix }) => `http://127.0.0.1:${listen.port}${prefix}`)).toEqual(
    app?.env?.map(({ value }) => value),
  );
  expect(app).not.toHaveProperty('volumeMounts');
  expect(app?.securityContext?.runAsUser).not.toBe(cluster.proxy.container.securityContext?.runAsUser);
});

test('deployment: it answers by every name that its Service has, and asks for the client token', async () => {
  const cluster = await Cluster.of('deployment');
  const { listen, tokenStore } = await configOf(cluster);
  const { namespace } = await kustomizationOf('deployment');
  const name = cluster.services[0]?.metadata?.name;
  expect(listen.allowedHosts).toEqual([
    name,
    `${name}.${namespace}`,
    `${name}.${namespace}.svc`,
    `${name}.${namespace}.svc.cluster.local`,
  ]);
  expect(listen.clientToken).toBeDefined();
  const redis = cluster.services.find(({ metadata }) => metadata?.name === 'bearerway-redis');
  if (tokenStore === 'memory') throw new Error('nothing is shared');
  expect(tokenStore.redis.url).toMatchObject({ host: 'bearerway-redis', port: redis?.spec?.ports?.[0]?.port });
});
