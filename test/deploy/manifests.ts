/** The manifests of `deploy/kubernetes`, a folder with a kustomization each. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IConfigMap, IContainer, IPodSpec, IService } from 'kubernetes-models/v1';
import { parse, parseAllDocuments } from 'yaml';

export const root = join(import.meta.dirname, '../..');
export const folders = ['sidecar', 'deployment'];

/** Anything with a name in a cluster. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

export interface Kustomization {
  readonly namespace?: string;
  readonly resources: readonly string[];
  readonly images: readonly { readonly name: string; readonly newName: string; readonly newTag: string }[];
}

/** The texts of a folder, by the names of their files. */
export async function textsOf(folder: string): Promise<Map<string, string>> {
  const { resources } = await kustomizationOf(folder);
  const read = async (file: string) => [file, await readFile(pathIn(folder, file), 'utf8')] as const;
  return new Map(await Promise.all(resources.map(read)));
}

export async function kustomizationOf(folder: string): Promise<Kustomization> {
  return parse(await readFile(pathIn(folder, 'kustomization.yaml'), 'utf8'));
}

export function pathIn(folder: string, file = ''): string {
  return join(root, 'deploy/kubernetes', folder, file);
}

/** The manifests in a text. */
export function manifestsIn(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS());
}

/** Everything in a folder. That each is what its kind says is a test of its own. */
export class Cluster {
  readonly all: readonly Manifest[];

  constructor(all: readonly Manifest[]) {
    this.all = all;
  }

  static async of(folder: string): Promise<Cluster> {
    return new Cluster([...(await textsOf(folder)).values()].flatMap(manifestsIn));
  }

  get workloads(): Workload[] {
    return this.#ofKind<IDeployment>('Deployment').map((each) => new Workload(each));
  }

  get services(): IService[] {
    return this.#ofKind<IService>('Service');
  }

  get policies(): INetworkPolicy[] {
    return this.#ofKind<INetworkPolicy>('NetworkPolicy');
  }

  /** The workloads whose pods have these labels. */
  selected(labels: Readonly<Record<string, string>> = {}): Workload[] {
    return this.workloads.filter((each) =>
      Object.entries(labels).every(([name, value]) => each.labels[name] === value),
    );
  }

  /** The text of the one proxy.yaml. */
  get proxyYaml(): string {
    const [config] = this.#ofKind<IConfigMap>('ConfigMap');
    return config?.data?.['proxy.yaml'] ?? '';
  }

  /** The one pod that the proxy runs in. */
  get proxy(): { readonly workload: Workload; readonly container: IContainer } {
    for (const workload of this.workloads) {
      const container = workload.containers.find(({ name }) => name === 'bearerway');
      if (container !== undefined) return { workload, container };
    }
    throw new Error('there is no container of that name');
  }

  #ofKind<T>(kind: string): T[] {
    // Held against the schema of its kind by a test of its own.
    return this.all.filter((each) => each.kind === kind) as T[];
  }
}

/** A Deployment, and what is in its pods. */
export class Workload {
  readonly name: string;
  readonly pod: IPodSpec;
  readonly labels: Readonly<Record<string, string>>;

  constructor({ metadata, spec }: IDeployment) {
    this.name = metadata?.name ?? '';
    this.pod = spec?.template.spec ?? { containers: [] };
    this.labels = spec?.template.metadata?.labels ?? {};
  }

  get containers(): IContainer[] {
    return [...(this.pod.initContainers ?? []), ...this.pod.containers];
  }

  /** The number of a port by its name. */
  port(name: string): number | undefined {
    return this.containers.flatMap(({ ports = [] }) => ports).find((port) => port.name === name)?.containerPort;
  }
}

/** Where the pods have their secrets. */
export const SECRETS = '/run/secrets/bearerway/';

/** The files of secrets that a configuration names, without their folder. */
export function secretsIn(proxyYaml: string): string[] {
  return [...proxyYaml.matchAll(/\/run\/secrets\/bearerway\/([\w.-]+)/g)].map(([, name]) => name ?? '');
}
