/** Refresh tokens that rotate, against a certified server that nobody here wrote: a spent one that is shown ends the login. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ASCII_SECRET, CLIENT_ID } from '../support/canary.ts';
import { type OidcServer, startOidcServer, startProtectedApi } from '../support/oidc-server.ts';
import { type Proxy as RunningProxy, startProxy } from '../support/proxy.ts';

const registered = {
  client_id: CLIENT_ID,
  client_secret: ASCII_SECRET,
  token_endpoint_auth_method: 'client_secret_post',
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: ['https://app.example.com/callback'],
  response_types: ['code'],
  scope: 'openid offline_access orders',
};

interface Begun {
  readonly server: OidcServer;
  readonly file: string;
  readonly folder: string;
  readonly first: string;
  readonly start: () => Promise<RunningProxy>;
  /** The tokens that the API was shown. */
  readonly shown: () => string[];
}

async function begin(settings: Readonly<Record<string, unknown>> = {}): Promise<Begun> {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-refresh-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const server = await startOidcServer({ client: registered, settings });
  const api = await startProtectedApi(server);
  const file = join(folder, 'token');
  const first = await server.login();
  await writeFile(file, `${first}\n`, { mode: 0o640 });
  const main = {
    type: 'refresh_token',
    issuer: server.issuer,
    clientId: CLIENT_ID,
    clientSecret: ASCII_SECRET,
    clientAuth: 'post',
    refreshTokenFile: file,
  };
  const routes = [{ prefix: '/api', upstream: api.url, credential: 'main' }];
  const start = () => startProxy({ credentials: { main }, routes });
  const shown = () => api.requests.map(({ headers }) => headers.authorization?.slice(7) ?? '');
  return { server, file, folder, first, start, shown };
}

test('the new refresh token is in its file before the access token is used, and nothing else is in the folder', async () => {
  const { server, file, folder, first, start } = await begin();
  const proxy = await start();
  expect((await proxy.call('/api/x')).status).toBe(200);

  const second = (await readFile(file, 'utf8')).trim();
  expect(second).not.toBe(first);
  expect(await server.provider.RefreshToken.find(second)).toBeDefined();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['token']);
});

test('it goes on over renewals and restarts: no refresh token is shown twice', async () => {
  const { server, start, shown } = await begin();
  for (let run = 0; run < 2; run += 1) {
    const proxy = await start();
    for (let renewal = 0; renewal < 3; renewal += 1) {
      expect((await proxy.call('/api/x')).status).toBe(200);
      await (await server.introspect(shown().at(-1) ?? ''))?.destroy();
    }
    await proxy.stop();
  }

  expect(server.errors).toEqual([]);
  expect(server.tokenRequests).toBe(6);
});

test('one that does not rotate stays as it is', async () => {
  const { file, first, start } = await begin({ rotateRefreshToken: false });
  const proxy = await start();

  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(await readFile(file, 'utf8')).toBe(`${first}\n`);
  expect((await stat(file)).mode & 0o777).toBe(0o640);
});

test('one that was spent elsewhere is token_refused, until somebody logs in anew', async () => {
  const { server, file, first, start } = await begin();
  await (await start()).call('/api/x');
  await writeFile(file, first);
  const proxy = await start();
  const reply = await proxy.call('/api/x');

  expect(reply.json()).toMatchObject({ code: 'token_refused', detail: expect.stringContaining('invalid_grant') });
  await writeFile(file, await server.login());
  const again = await start();
  expect((await again.call('/api/x')).status).toBe(200);
});
