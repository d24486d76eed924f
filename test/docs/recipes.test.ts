/** Every recipe does what it says, against hosts of the names that it uses. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../deploy/manifests.ts';
import { imitated } from './imitated.ts';
import { pageOf } from './page.ts';
import { areInstalled, openSession, program } from './session.ts';
import { api, identityProvider, startWorld, type World } from './world.ts';

const hosts = { 'id.example.com': identityProvider(), 'crm.example.com': api() };

/** Follows a recipe to its end. */
async function follow(name: string, world: World): Promise<void> {
  const session = await openSession({ env: world.env });
  await session.follow(await pageOf(`recipes/${name}.md`));
}

// A Java program is compiled first, which takes its time on a busy machine.
describe('a recipe can be followed word by word', { timeout: 60_000 }, () => {
  test.runIf(areInstalled('curl'))('curl', async () => {
    const world = await startWorld(hosts);
    await follow('curl', world);
    const [{ headers, body } = {}] = world.of('id.example.com');
    expect(headers?.authorization).toBe(`Basic ${btoa('your-client-id:your-client-secret')}`);
    expect(body).toBe('grant_type=client_credentials&scope=orders');
    // One for all requests, and one that was asked for.
    expect(world.issued).toHaveLength(2);
  });

  test.runIf(areInstalled('java'))('a Java app with a base URL', async () => {
    await follow('java-base-url', await startWorld(hosts));
  });

  test.runIf(areInstalled('java', 'python3'))('Java and Python with HTTP_PROXY', async () => {
    const world = await startWorld(hosts);
    await follow('http-proxy', world);
    expect(world.of('crm.example.com')).toHaveLength(3);
  });

  test.runIf(areInstalled('python3'))('an AI agent', async () => {
    const world = await startWorld(hosts);
    await follow('ai-agent', world);
    expect(world.of('crm.example.com').map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /api/orders/17']);
  });

  test.runIf(areInstalled('curl'))('a corporate egress proxy', async () => {
    const world = await startWorld(hosts);
    const { egress, env } = world;
    const session = await openSession({ places: { 'proxy.internal:3128': new URL(egress.url).host } });
    await writeFile(join(session.folder, 'corporate-ca.pem'), await readFile(env['NODE_EXTRA_CA_CERTS'] ?? ''));
    await session.follow(await pageOf('recipes/egress.md'));
    const robot = `Basic ${btoa('robot:their-password')}`;
    expect(new Set(egress.asked.map(({ authorization }) => authorization))).toEqual(new Set([robot]));
  });

  test.runIf(areInstalled('curl'))('providers that are none of the four', async () => {
    const millis = api();
    const token = identityProvider((access_token) => ({ access_token, token_type: 'Bearer', expires_in: 3_600_000 }));
    const nested = api();
    const session = identityProvider((token) => ({ status: 'ok', data: { session: { token }, ttl: 1800 } }));
    const world = await startWorld({
      'api.nested.example': (asked, all) => (asked.path === '/session' ? session : nested)(asked, all),
      'auth.header.example': identityProvider((token) => ({ token })),
      'api.header.example': api(({ 'x-auth-token': given }) => String(given)),
      'millis.example': (asked, all) => (asked.path === '/oauth/token' ? token : millis)(asked, all),
    });
    const at = await openSession({ env: world.env });
    await at.follow(await pageOf('recipes/other-providers.md'));

    expect(JSON.parse(world.of('api.nested.example')[0]?.body ?? '')).toEqual({
      apiKey: 'your-api-key',
      apiSecret: 'your-secret',
    });
    expect(world.of('api.header.example')[0]?.headers).not.toHaveProperty('authorization');
    const lifetimes = at.proxy?.log.filter(({ msg }) => msg === 'token obtained');
    expect(Object.fromEntries(lifetimes?.map(({ credential, lifetimeS }) => [credential, lifetimeS]) ?? [])).toEqual({
      nested: 1800,
      header: 1200,
      millis: 3600,
    });
  });

  test('systemd', async () => {
    await follow('systemd', await startWorld(hosts));
  });

  test.runIf(areInstalled('curl'))('a Docker Compose neighbour', async () => {
    const world = await startWorld({ 'api.gonitro.dev': await imitated('nitro') });
    const session = await openSession({ env: world.env });
    await program(session, 'docker', 'echo "$NITRO_CLIENT_ID: docker $*" > asked-for\n');
    await session.follow(await pageOf('recipes/compose.md'));
    expect(await readFile(join(session.folder, 'asked-for'), 'utf8')).toBe(
      'your-client-id: docker compose -f deploy/compose.yaml up --build\n',
    );
    const { secrets } = parse(await readFile(join(root, 'deploy/compose.yaml'), 'utf8'));
    expect(existsSync(join(session.folder, 'deploy', secrets['nitro-client-secret'].file))).toBe(true);
  });
});
