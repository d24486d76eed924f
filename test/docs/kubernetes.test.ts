/** docs/recipes/kubernetes.md: the commands make what the manifests ask for, and with that the replicas share a token. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { folder } from '../cli/command.ts';
import { Cluster, kustomizationOf, root, SECRETS } from '../deploy/manifests.ts';
import { startApi } from '../support/api.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { startProxy } from '../support/proxy.ts';
import { describeWithRedis, startRedis } from '../support/redis-server.ts';
import { pageOf } from './page.ts';
import { openSession, program } from './session.ts';

/** Tells its words, one call a line. */
const recorder = `exec ${process.execPath} -e 'fs.appendFileSync("calls", JSON.stringify(process.argv.slice(1)) + "\\n")' -- "$@"\n`;

/** What kubectl would have been asked by the page. */
async function calls(): Promise<string[][]> {
  const session = await openSession();
  await program(session, 'kubectl', recorder);
  await session.follow(await pageOf('recipes/kubernetes.md'));
  const lines = await readFile(join(session.folder, 'calls'), 'utf8');
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** From the name of a secret to what is in it; those of the namespace, or of none. */
function secretsIn(made: readonly (readonly string[])[], namespace?: string): Secrets {
  const prefix = namespace === undefined ? [] : ['-n', namespace];
  const wanted = [...prefix, 'create', 'secret', 'generic'];
  const found = made.filter((words) => wanted.every((word, i) => words[i] === word));
  return Object.fromEntries(
    found.map((words) => {
      const [name = '', ...literals] = words.slice(wanted.length);
      const entries = literals.map((word) => /^--from-literal=([\w.-]+)=(.*)$/s.exec(word)?.slice(1) ?? [word]);
      return [name, Object.fromEntries(entries)];
    }),
  );
}

/** From the name of a secret to the keys of it that pods ask for. */
function askedFor(cluster: Cluster): Record<string, Set<string>> {
  const asked: Record<string, Set<string>> = {};
  const ask = (name = '', key = ''): void => {
    asked[name] ??= new Set();
    asked[name].add(key);
  };
  for (const { pod, containers } of cluster.workloads) {
    for (const { secret } of pod.volumes ?? []) for (const { key } of secret?.items ?? []) ask(secret?.secretName, key);
    for (const { valueFrom } of containers.flatMap(({ env = [] }) => env))
      if (valueFrom?.secretKeyRef) ask(valueFrom.secretKeyRef.name, valueFrom.secretKeyRef.key);
  }
  return asked;
}

test('the secrets that it makes are those that the manifests ask for, key by key', async () => {
  const made = await calls();
  for (const [name, namespace] of [
    ['sidecar', undefined],
    ['deployment', (await kustomizationOf('deployment')).namespace],
  ] as const) {
    const secrets = Object.entries(secretsIn(made, namespace));
    const keys = Object.fromEntries(secrets.map(([secret, content]) => [secret, new Set(Object.keys(content))]));
    expect(keys).toEqual(askedFor(await Cluster.of(name)));
  }
});

test('it applies folders that are there', async () => {
  const applied = (await calls()).filter(([verb]) => verb === 'apply').map(([, , path = '']) => path);
  expect(applied).toEqual(['deploy/kubernetes/sidecar', 'deploy/kubernetes/deployment']);
  for (const path of applied) expect(existsSync(join(root, path, 'kustomization.yaml'))).toBe(true);
});

/** What Redis says to somebody without a password. */
async function unasked(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${command}\r\n`);
  const [answer] = await once(socket, 'data');
  socket.destroy();
  return String(answer);
}

describeWithRedis('with the Redis of the manifests', () => {
  test('two replicas share one token, as a user who may do no more', async () => {
    const secrets = secretsIn(await calls(), 'bearerway');
    const cluster = await Cluster.of('deployment');
    const place = await folder();
    for (const content of Object.values(secrets))
      for (const [key, value] of Object.entries(content)) await writeFile(join(place, key), value);
    const [redisContainer] = cluster.workloads.find(({ name }) => name === 'bearerway-redis')?.containers ?? [];
    const words = (redisContainer?.args ?? []).map((word) => word.replace('/run/secrets/redis', place));
    const redis = await startRedis(...words);

    const provider = await startIdentityProvider();
    const api = await startApi(provider);
    const source = cluster.proxyYaml
      .replaceAll(SECRETS, `${place}/`)
      .replaceAll('https://api.gonitro.dev', api.url)
      .replace('bearerway-redis:6379', `127.0.0.1:${redis.port}`);
    const config = parse(source);
    config.credentials.nitro.tokenUrl = provider.url;
    const replica = () =>
      startProxy(
        { ...config, listen: { ...config.listen, port: 0 }, admin: { port: 0 }, shutdown: { timeout: '0s' } },
        { env: { REDIS_PASSWORD: secrets['bearerway-redis']?.['password'] ?? '' } },
      );
    const headers = {
      host: 'bearerway.bearerway.svc',
      'bearerway-client-token': secrets['bearerway']?.['client-token'] ?? '',
    };
    for (const proxy of [await replica(), await replica()]) {
      expect((await proxy.call('/nitro/v1/x', { headers })).status).toBe(200);
      expect(proxy.log.filter(({ msg }) => /away/.test(String(msg)))).toEqual([]);
    }
    expect(provider.requests).toHaveLength(1);
    expect(await unasked(redis.port, 'KEYS *')).toMatch(/^-NOAUTH/);
  });
});
