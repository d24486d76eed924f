import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startApi } from '../support/api.ts';
import { CLIENT_ID, CLIENT_SECRET, TOKEN_PREFIX } from '../support/canary.ts';
import { startProxy } from '../support/proxy.ts';
import { closing, listening } from '../support/server.ts';

interface Identity {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** A key and a certificate that it signed itself, for that subject alternative name. */
async function selfSigned(name: string): Promise<Identity> {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-tls-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile];
  const cert = ['-out', certFile, '-days', '2', '-subj', '/CN=token endpoint', '-addext', `subjectAltName=${name}`];
  await promisify(execFile)('openssl', ['req', '-x509', ...key, ...cert]);
  return { certFile, keyFile, cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
}

interface EndpointOptions {
  readonly identity: Identity;
  /** Clients must show a certificate of this authority. */
  readonly clientCa?: string;
}

async function startTlsEndpoint({ identity, clientCa }: EndpointOptions) {
  const demand = clientCa === undefined ? {} : { ca: clientCa, requestCert: true };
  let requests = 0;
  const server = createServer({ cert: identity.cert, key: identity.key, ...demand }, (request, response) => {
    requests += 1;
    request.resume().on('end', () => response.end(JSON.stringify({ access_token: `${TOKEN_PREFIX}tls` })));
  });
  server.on('tlsClientError', () => {});
  const url = `https://127.0.0.1:${await listening(server)}/token`;
  onTestFinished(() => closing(server));
  return { url, requests: () => requests };
}

async function callThrough(tokenUrl: string, tls: Readonly<Record<string, string>>) {
  const api = await startApi();
  const main = { tokenUrl, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, tls };
  const proxy = await startProxy({
    credentials: { main },
    routes: [{ prefix: '/', upstream: api.url, credential: 'main' }],
  });
  const reply = await proxy.call('/x');
  const tokenLine = proxy.log.find(({ credential }) => credential === 'main');
  return { reply, tokenLine, calls: api.requests.length };
}

test('T21 a certificate that nobody vouches for is refused: it gets no secret, the API is not called', async () => {
  const endpoint = await startTlsEndpoint({ identity: await selfSigned('IP:127.0.0.1') });
  const { reply, tokenLine, calls } = await callThrough(endpoint.url, {});

  expect([reply.status, reply.json()['code']]).toEqual([503, 'token_unavailable']);
  expect(tokenLine).toMatchObject({ reason: expect.stringMatching(/self.signed|SELF_SIGNED/i) });
  expect(reply.text).not.toContain('127.0.0.1');
  expect([endpoint.requests(), calls]).toEqual([0, 0]);
});

test('T21 no environment variable makes it trust anybody', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const endpoint = await startTlsEndpoint({ identity: await selfSigned('IP:127.0.0.1') });
  const { reply } = await callThrough(endpoint.url, {});

  expect(reply.json()['code']).toBe('token_unavailable');
  expect(endpoint.requests()).toBe(0);
});

test('the same certificate is accepted with tls.ca, as a path or as PEM', async () => {
  const identity = await selfSigned('IP:127.0.0.1');
  const endpoint = await startTlsEndpoint({ identity });

  expect((await callThrough(endpoint.url, { ca: identity.certFile })).reply.status).toBe(200);
  expect((await callThrough(endpoint.url, { ca: identity.cert })).reply.status).toBe(200);
});

test('T21 a certificate for another name is refused even though its authority is known', async () => {
  const identity = await selfSigned('DNS:elsewhere.example');
  const endpoint = await startTlsEndpoint({ identity });
  const { reply, calls } = await callThrough(endpoint.url, { ca: identity.certFile });

  expect(reply.json()['code']).toBe('token_unavailable');
  expect([endpoint.requests(), calls]).toEqual([0, 0]);
});

test('tls.ca stands in place of the system’s authorities: another one does not do', async () => {
  const endpoint = await startTlsEndpoint({ identity: await selfSigned('IP:127.0.0.1') });
  const { certFile } = await selfSigned('IP:127.0.0.1');

  expect((await callThrough(endpoint.url, { ca: certFile })).reply.status).toBe(503);
  expect(endpoint.requests()).toBe(0);
});

test('with tls.cert and tls.key the client shows a certificate, without them it is turned away', async () => {
  const [identity, client] = [await selfSigned('IP:127.0.0.1'), await selfSigned('DNS:client.example')];
  const endpoint = await startTlsEndpoint({ identity, clientCa: client.cert });
  const ca = identity.certFile;

  expect((await callThrough(endpoint.url, { ca, cert: client.certFile, key: client.keyFile })).reply.status).toBe(200);
  expect((await callThrough(endpoint.url, { ca })).reply.json()['code']).toBe('token_unavailable');
  expect(endpoint.requests()).toBe(1);
});
