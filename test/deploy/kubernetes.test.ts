/** The manifests of `deploy/kubernetes` are what Kubernetes knows, and each name in them is there. */
import { execFile, spawnSync } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Deployment } from 'kubernetes-models/apps/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Namespace, Service } from 'kubernetes-models/v1';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { version } from '../../src/version.ts';
import { folder } from '../cli/command.ts';
import { Cluster, folders, kustomizationOf, type Manifest, manifestsIn, pathIn, root, textsOf } from './manifests.ts';

const run = promisify(execFile);

/** Kinds that are used here. Their schemas say what a value may be; what keys there are is said by their types. */
const models = { Deployment, NetworkPolicy, PodDisruptionBudget, ConfigMap, Namespace, Service };
const packages: Readonly<Record<string, string>> = {
  v1: 'kubernetes-models/v1',
  'apps/v1': 'kubernetes-models/apps/v1',
  'networking.k8s.io/v1': 'kubernetes-models/networking.k8s.io/v1',
  'policy/v1': 'kubernetes-models/policy/v1',
};

function validate(manifest: Manifest): void {
  const { kind, apiVersion } = manifest;
  const model = Object.entries(models).find(([name]) => name === kind)?.[1];
  if (model?.apiVersion !== apiVersion) throw new Error(`nothing is known of ${apiVersion} ${kind}`);
  // Whether it is one is what the schema is asked.
  new (model as new (given: unknown) => { validate(): void })(manifest).validate();
}

/** What the compiler has against them: keys that their types do not have. */
async function unknownKeys(manifests: readonly Manifest[]): Promise<string> {
  const place = await folder();
  await symlink(join(root, 'node_modules'), join(place, 'node_modules'));
  const lines = manifests.map(
    (manifest, i) =>
      `export const m${i}: import('${packages[manifest.apiVersion]}').I${manifest.kind} = ${JSON.stringify(manifest)};`,
  );
  await writeFile(join(place, 'package.json'), '{"type": "module"}');
  await writeFile(join(place, 'manifests.ts'), lines.join('\n'));
  const words = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', '', 'manifests.ts'];
  return run(join(root, 'node_modules/.bin/tsc'), words, { cwd: place }).then(
    () => '',
    ({ stdout }) => stdout,
  );
}

describe.each(folders)('%s', async (name) => {
  const texts = await textsOf(name);
  const cluster = await Cluster.of(name);

  test('is read by Kubernetes as it is read here', () => {
    for (const text of texts.values()) {
      const older = parseAllDocuments(text, { version: '1.1' });
      expect(older.map((document) => document.toJS())).toEqual(manifestsIn(text));
    }
  });

  test.each(cluster.all.map((each) => [`${each.kind} ${each.metadata.name}`, each] as const))(
    '%s is valid',
    (_, manifest) => validate(manifest),
  );

  test('has no key that Kubernetes does not know', async () => {
    expect(await unknownKeys(cluster.all)).toBe('');
  });

  test('is a kustomization with a tag that is this version', async () => {
    const { images } = await kustomizationOf(name);
    expect(images).toEqual([expect.objectContaining({ name: 'bearerway', newTag: version })]);
    expect(cluster.proxy.container.image).toBe(`bearerway:${version}`);
  });

  test.runIf(isInstalled())('kubectl makes the same of it, with images and a namespace', async () => {
    const { stdout } = await run('kubectl', ['kustomize', pathIn(name)]);
    const made = manifestsIn(stdout);
    expect(made.map(({ kind }) => kind).toSorted()).toEqual(cluster.all.map(({ kind }) => kind).toSorted());
    expect(stdout).toContain(`image: registry.example.com/bearerway:${version}`);
    for (const manifest of made) validate(manifest);
  });

  test('no container may do more than it needs to', async () => {
    for (const { pod, containers } of cluster.workloads) {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      for (const { securityContext, resources, name: called } of containers) {
        expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
        expect(securityContext?.runAsUser ?? pod.securityContext?.runAsUser).toBeGreaterThan(0);
        expect(resources?.limits).toHaveProperty('memory');
        if (called !== 'app') expect(securityContext?.readOnlyRootFilesystem).toBe(true);
      }
    }
  });

  test('the proxy runs as the user of its image', async () => {
    const { container, workload } = cluster.proxy;
    const user = container.securityContext?.runAsUser ?? workload.pod.securityContext?.runAsUser;
    expect(await readFile(join(root, 'Dockerfile'), 'utf8')).toMatch(new RegExp(`^USER ${user}:${user}$`, 'm'));
  });
});

function isInstalled(): boolean {
  const installed = spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0;
  if (!installed) console.info('kubectl is not installed: kustomizations are NOT tested with it.');
  return installed;
}

test('a key that is misspelt, and a value of the wrong kind, would be found', async () => {
  const [text = ''] = (await textsOf('sidecar')).values();
  const misspelt = manifestsIn(text.replace('readOnlyRootFilesystem', 'readOnlyRootFileSystem'));
  expect(await unknownKeys(misspelt)).toMatch(/readOnlyRootFileSystem.* does not exist in type/);
  const wrong: Manifest[] = manifestsIn(text.replace('periodSeconds: 1', 'periodSeconds: often'));
  expect(() => {
    for (const manifest of wrong) validate(manifest);
  }).toThrow('integer');
  expect(() => validate(parse('{apiVersion: v2, kind: Service, metadata: {name: a}}'))).toThrow('nothing is known');
});
