/** `init --issuer`: a credential from what an issuer's metadata says. */
import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { parseConfig } from '../../src/config/load.ts';
import { faultsOf } from '../config/reading.ts';
import { selfSigned } from '../support/certificate.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { folder } from './command.ts';
import { Console } from './console.ts';

type Metadata = Readonly<Record<string, unknown>>;

/** Runs `init` for an issuer that says this of itself. */
async function initialized(metadata: Metadata, words: readonly string[] = []) {
  const provider = await startIdentityProvider();
  const { origin } = new URL(provider.url);
  provider.answerAlways({ body: { issuer: origin, token_endpoint: provider.url, ...metadata } });
  const file = join(await folder(), 'proxy.yaml');
  const console = new Console();
  const code = await runProgram(['init', '--issuer', origin, ...words, '-c', file], console.process);
  const text = await readFile(file, 'utf8').catch(() => '');
  return { code, file, text, provider, origin, ...console };
}

const privateKey = String(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
);

/** Variables with what is right for a credential `crm`, files among them. */
async function rightEnvironment(): Promise<Readonly<Record<string, string>>> {
  const at = await folder();
  const { cert, key } = selfSigned();
  const files = { CRM_PRIVATE_KEY_FILE: privateKey, CRM_CERT_FILE: cert, CRM_KEY_FILE: key };
  for (const [name, content] of Object.entries(files)) await writeFile(join(at, name), content);
  const paths = Object.fromEntries(Object.keys(files).map((name) => [name, join(at, name)]));
  return { ...paths, CRM_CLIENT_ID: 'a', CRM_CLIENT_SECRET: 'b', CRM_API_URL: 'https://api.example.com' };
}

test.each<[string, readonly string[] | undefined, readonly string[], string]>([
  ['that does not say', undefined, [], 'basic'],
  ['that takes all', ['private_key_jwt', 'client_secret_post', 'client_secret_basic'], [], 'basic'],
  ['that takes the body alone', ['client_secret_post', 'none'], [], 'post'],
  ['that takes keys alone', ['private_key_jwt'], [], 'private_key_jwt'],
  ['that takes signed secrets alone', ['client_secret_jwt'], [], 'client_secret_jwt'],
  ['that takes certificates alone', ['self_signed_tls_client_auth'], [], 'tls'],
  [
    'of which one is chosen',
    ['client_secret_basic', 'private_key_jwt'],
    ['--client-auth', 'private_key_jwt'],
    'private_key_jwt',
  ],
])('of an issuer %s, what is written passes check', async (_, methods, words, clientAuth) => {
  const { code, file, text, provider } = await initialized({ token_endpoint_auth_methods_supported: methods }, [
    '--name',
    'crm',
    ...words,
  ]);
  expect(code).toBe(0);
  const env = await rightEnvironment();
  expect(faultsOf(text, env, file)).toEqual([]);
  const { credentials, routes } = parseConfig(text, { file, env });
  expect(credentials['crm']).toMatchObject({ type: 'client_credentials', tokenUrl: provider.url, clientAuth });
  expect(routes).toMatchObject([{ prefix: '/crm', credential: 'crm' }]);
});

test('a client that shows a certificate is sent where the issuer wants it, and no other is', async () => {
  const tokenUrl = 'https://mtls.example.com/token';
  const metadata = {
    token_endpoint_auth_methods_supported: ['tls_client_auth', 'client_secret_basic'],
    mtls_endpoint_aliases: { token_endpoint: tokenUrl },
  };
  const withCertificate = await initialized(metadata, ['--client-auth', 'tls']);
  expect(withCertificate.text).toContain(`tokenUrl: ${tokenUrl}\n    clientAuth: tls`);
  const without = await initialized(metadata);
  expect(without.text).toContain(`tokenUrl: ${without.provider.url}\n    clientAuth: basic`);
});

test('scopes and audience that are asked for stand in it, and those that the issuer names beside them', async () => {
  const { text, file } = await initialized({ scopes_supported: ['orders', 'users', 'a b', 7] }, [
    ...['--name', 'crm', '--scope', 'orders', 'users', '--audience', 'https://crm.example.com'],
    ...['--upstream', 'https://crm.example.com/api'],
  ]);
  expect(text).toContain('scope: "orders users" # the issuer names orders, users\n');
  const { credentials, routes } = parseConfig(text, { file, env: await rightEnvironment() });
  expect(credentials['crm']).toMatchObject({ scope: ['orders', 'users'], audience: 'https://crm.example.com' });
  expect(routes[0]?.upstream).toMatchObject({ basePath: '/api' });
});

test('a client authentication that the issuer does not take is refused, with those that it takes', async () => {
  const { code, text, stderr } = await initialized(
    { token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'] },
    ['--client-auth', 'basic'],
  );
  expect({ code, text }).toEqual({ code: 2, text: '' });
  expect(stderr).toContain('--client-auth basic is none that the issuer takes (post, private_key_jwt would be right)');
});

test('what does not fit is noted, and a configuration is written all the same', async () => {
  const { code, text, stderr } = await initialized({
    grant_types_supported: ['authorization_code'],
    token_endpoint_auth_methods_supported: ['none'],
  });
  expect(code).toBe(0);
  expect(text).toContain('clientAuth: basic');
  expect(stderr).toContain('does not name client_credentials');
  expect(stderr).toContain('no client authentication that is known here');
});

test('an issuer can put nothing into the file but an address', async () => {
  const evil = { token_endpoint: 'https://id.example.com/${HOME}\nroutes: []', scopes_supported: ['a\n  evil: true'] };
  const { code, text, stderr } = await initialized(evil, ['--scope', 'a']);
  expect({ code, text }).toEqual({ code: 2, text: '' });
  expect(stderr).toContain("the issuer's token_endpoint is not an address");
  const literal = await initialized({ token_endpoint: 'https://id.example.com/$%7BHOME%7D' });
  expect(
    parseConfig(literal.text, {
      file: literal.file,
      env: { API_CLIENT_ID: 'a', API_CLIENT_SECRET: 'b', API_API_URL: 'https://x' },
    }).credentials['api'],
  ).toMatchObject({ tokenUrl: 'https://id.example.com/$%7BHOME%7D' });
});

test.each<[string, Metadata, string]>([
  ['another issuer', { issuer: 'https://other.example.com' }, "the metadata is another issuer's"],
  ['no token endpoint', { token_endpoint: 7 }, 'the metadata names no token_endpoint'],
])('metadata with %s is told, with what to do, and nothing is written', async (_, metadata, cause) => {
  const { code, text, stderr } = await initialized(metadata);
  expect({ code, text }).toEqual({ code: 1, text: '' });
  expect(stderr).toContain(`bearerway: ${cause}`);
  expect(stderr).toContain('\n  try: ');
});

test('an issuer that is not there is told, with what to do', async () => {
  const file = join(await folder(), 'proxy.yaml');
  const console = new Console();
  expect(await runProgram(['init', '--issuer', 'http://127.0.0.1:9', '-c', file], console.process)).toBe(1);
  expect(console.stderr).toContain('bearerway: nothing listens on 127.0.0.1:9');
});
