/** `check --live`: a token with each credential, and of each that gets none the cause and what to change. */
import { readFile, writeFile } from 'node:fs/promises';
import { createServer as createTlsServer } from 'node:https';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CLIENT_ID, CLIENT_SECRET, expectNoCanary } from '../support/canary.ts';
import { selfSigned } from '../support/certificate.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { closing, listening } from '../support/server.ts';
import { checked, client, error, signing, wrongTime } from './checked.ts';
import { anywhere, bearerway, configFile, folder } from './command.ts';

test('each credential that gets a token is told, with its lifetime', async () => {
  const provider = await startIdentityProvider();
  const tokenFile = join(await folder(), 'token');
  await writeFile(tokenFile, 'canary-secret-in-a-file');
  const { code, lines, stderr } = await checked({
    crm: { tokenUrl: provider.url, ...client },
    key: { type: 'api_key', value: 'canary-key', inject: { header: 'X-Key' } },
    pod: { type: 'file', path: tokenFile },
    cloud: { type: 'command', command: ['/bin/echo', 'canary-printed'] },
  });
  expect({ code, lines, stderr }).toEqual({
    code: 0,
    lines: [
      'crm: got a token, which lives 3600 s',
      'key: is given; whether it is right only a call to the API can tell',
      'pod: got a token',
      'cloud: got a token, which lives 300 s',
    ],
    stderr: '',
  });
});

test('all are asked at once', async () => {
  const provider = await startIdentityProvider();
  provider.goSlow();
  const result = checked({ a: { tokenUrl: provider.url, ...client }, b: { tokenUrl: provider.url, ...client } });
  await provider.requested(2);
  provider.goOn();
  expect((await result).code).toBe(0);
});

test("the issuer's metadata says which client authentication to try", async () => {
  const provider = await startIdentityProvider();
  const { origin } = new URL(provider.url);
  const metadata = {
    issuer: origin,
    token_endpoint: provider.url,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'tls_client_auth'],
  };
  for (const answer of [{ body: metadata }, error('invalid_client', 401), { body: metadata }])
    provider.answerOnce(answer);
  const { lines } = await checked({ crm: { issuer: origin, ...client } });
  expect(lines[1]).toBe("  try: clientAuth: post or tls, as the issuer's metadata says");
  // No secret is shown in a way that the config does not name.
  expect(provider.requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET']);
});

test('where the issuer takes the way in which the client is shown, no other is proposed', async () => {
  const provider = await startIdentityProvider();
  const { origin } = new URL(provider.url);
  const metadata = {
    issuer: origin,
    token_endpoint: provider.url,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  };
  for (const answer of [{ body: metadata }, error('invalid_client', 401), { body: metadata }])
    provider.answerOnce(answer);
  const { lines } = await checked({ crm: { issuer: origin, ...client, clientAuth: 'post' } });
  expect(lines[1]).toMatch(/^ {2}try: look at clientId and clientSecret/);
});

test('an issuer that names itself otherwise is told as that', async () => {
  const provider = await startIdentityProvider();
  const { origin } = new URL(provider.url);
  provider.answerAlways({ body: { issuer: `${origin}/`, token_endpoint: provider.url } });
  const { lines } = await checked({ crm: { issuer: origin, ...client } });
  expect(lines[0]).toContain("the metadata is another issuer's");
  expect(lines[1]).toContain('a slash at the end included');
});

test('TLS that cannot be verified is told by what is wrong with it', async () => {
  const [mine, named] = [selfSigned(), selfSigned('id.example.com')];
  const tlsUrl = async ({ cert, key }: { cert: string; key: string }): Promise<string> => {
    const server = createTlsServer({ cert, key }, (_, response) => response.end('{}')).on('tlsClientError', () => {});
    onTestFinished(() => closing(server));
    return `https://127.0.0.1:${await listening(server)}/token`;
  };
  const plain = await startIdentityProvider();
  const [unknown, foreign] = [await tlsUrl(mine), await tlsUrl(named)];
  const { lines } = await checked({
    unknown: { tokenUrl: unknown, ...client },
    other: { tokenUrl: unknown, ...client, tls: { ca: named.cert } },
    foreign: { tokenUrl: foreign, ...client, tls: { ca: named.cert } },
    plain: { tokenUrl: plain.url.replace('http:', 'https:'), ...client },
  });
  const place = new URL(unknown).host;
  expect(lines).toEqual([
    `unknown: the certificate of ${place} is signed by nobody that this machine trusts`,
    expect.stringContaining('try: tls.ca: '),
    `other: the certificate of ${place} is not signed by what tls.ca names`,
    expect.stringContaining('try: tls.ca: '),
    `foreign: the certificate of ${new URL(foreign).host} is for another name`,
    expect.stringContaining('try: name the server in tokenUrl (or issuer) as its certificate does'),
    `plain: ${new URL(plain.url).host} does not speak TLS`,
    expect.stringContaining('try: look at the port'),
  ]);
});

test('an endpoint that cannot be reached, or not in time, is told as that', async () => {
  const slow = await startIdentityProvider();
  slow.goSlow();
  const { lines, stderr } = await checked({
    nobody: { tokenUrl: 'http://127.0.0.1:9/token', ...client },
    slow: { tokenUrl: slow.url, ...client, request: { timeout: '50ms' } },
    secret: { tokenUrl: slow.url, clientId: CLIENT_ID, clientSecretFile: '/dev/null' },
  });
  expect(lines).toEqual([
    'nobody: nothing listens on 127.0.0.1:9, or a firewall refuses',
    expect.stringContaining('try: look at host and port'),
    expect.stringMatching(/^slow: the token endpoint did not answer in time/),
    expect.stringContaining('egress.proxy'),
    expect.stringMatching(/^secret: the client secret cannot be read: /),
    expect.stringContaining('holds the secret alone'),
  ]);
  expect(stderr).toContain('3 of 3 credentials got no token');
});

test('an egress proxy that is not there is told as that', async () => {
  const { lines } = await checked(
    { crm: { tokenUrl: 'https://id.example.com/token', ...client } },
    { egress: { proxy: 'http://127.0.0.1:9' } },
  );
  expect(lines[0]).toContain('egress proxy');
  expect(lines[1]).toContain('look at egress.proxy');
});

test('a program that fails is told as that', async () => {
  const { lines } = await checked({ cloud: { type: 'command', command: ['/bin/false'] } });
  expect(lines[0]).toContain('cloud: the program ');
  expect(lines[1]).toContain('run the program by hand');
});

test('a refresh token is used as the proxy would, and its successor kept', async () => {
  const provider = await startIdentityProvider();
  provider.answerOnce({ body: { access_token: 'canary-token-1', refresh_token: 'canary-refresh-2', expires_in: 60 } });
  const path = join(await folder(), 'refresh');
  await writeFile(path, 'canary-refresh-1\n');
  const { code } = await checked({
    user: { type: 'refresh_token', tokenUrl: provider.url, ...client, refreshTokenFile: path },
  });
  expect(code).toBe(0);
  expect(provider.requests[0]?.body).toContain('canary-refresh-1');
  expect(await readFile(path, 'utf8')).toBe('canary-refresh-2\n');
});

test('a clock that will be wrong soon is noted where a token was got all the same', async () => {
  const provider = await startIdentityProvider();
  provider.answerOnce({ ...wrongTime, status: 200, body: { access_token: 'canary-token-1', expires_in: 60 } });
  const { code, lines } = await checked({ crm: { tokenUrl: provider.url, ...client, ...signing } });
  expect(code).toBe(0);
  expect(lines[1]).toMatch(/^ {2}note: the clock of this machine is \d+ s ahead of the server's/);
});

test('a config with faults is told before anybody is asked; the real command ends with 1', async () => {
  const provider = await startIdentityProvider();
  provider.answerAlways({ status: 401 });
  const credentials = { crm: { tokenUrl: provider.url, clientId: 'a', clientSecret: CLIENT_SECRET } };
  const wrong = await configFile({ credentials, ...anywhere, listn: 1 });
  expect(await bearerway(['check', '--live', '-c', wrong]).ended).toMatchObject({ code: 2, stdout: '' });
  expect(provider.requests).toHaveLength(0);
  const right = await configFile({ credentials, ...anywhere });
  const { code, stdout } = await bearerway(['check', '--live', '-c', right], { cwd: dirname(right) }).ended;
  expect(code).toBe(1);
  expect(stdout).toContain('crm: the token endpoint answers 401');
  expectNoCanary(stdout, 'the output');
});
