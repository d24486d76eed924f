/** `oidc-provider`, a certified authorization server that nobody here wrote, on a real port. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import Provider, { errors } from 'oidc-provider';
import { onTestFinished, vi } from 'vitest';
import { type Api, startApi, whenWhole } from './api.ts';
import { ASCII_SECRET } from './canary.ts';
import type { Certificate } from './certificate.ts';
import { closing, listening } from './server.ts';

/** A client as it is registered there (OpenID Connect Dynamic Client Registration 1.0 §2). */
export interface RegisteredClient {
  readonly client_id: string;
  readonly [key: string]: unknown;
}

export interface OidcServerOptions {
  readonly client: RegisteredClient;
  /** With a certificate of its own it speaks TLS, and asks its clients for theirs. */
  readonly tls?: Certificate;
  /** PEM: who vouches for its clients' certificates. */
  readonly clientCa?: string;
  /** Settings of its own, over ours. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export const RESOURCE = 'https://crm.example.com/api';

export class OidcServer {
  readonly issuer: string;
  readonly provider: Provider;
  readonly clientId: string;
  /** Paths that were asked for, in order. */
  readonly paths: string[] = [];
  /** What it found wrong, in its own words. */
  readonly errors: string[] = [];

  constructor(issuer: string, { client, tls, settings = {} }: OidcServerOptions) {
    this.issuer = issuer;
    this.clientId = client.client_id;
    this.provider = new Provider(issuer, { ...configuration(client, tls !== undefined), ...settings });
    for (const event of ['grant.error', 'server_error', 'revocation.error'])
      this.provider.on(event, (_, error) => this.errors.push(error.message));
  }

  get tokenUrl(): string {
    return `${this.issuer}/token`;
  }

  get tokenRequests(): number {
    return this.paths.filter((path) => path === '/token').length;
  }

  serve(request: IncomingMessage, response: Parameters<RequestListener>[1]): void {
    this.paths.push(request.url ?? '');
    void this.provider.callback()(request, response);
  }

  /** What it knows of an access token; undefined when it is none that counts. */
  async introspect(token: string) {
    return (await this.provider.ClientCredentials.find(token)) ?? (await this.provider.AccessToken.find(token));
  }

  /** A refresh token, as if somebody had logged in. */
  async login(scope = 'openid offline_access'): Promise<string> {
    const { Client, Grant, RefreshToken } = this.provider;
    const accountId = 'somebody';
    const grant = new Grant({ accountId, clientId: this.clientId });
    grant.addOIDCScope(scope);
    const token = new RefreshToken({
      accountId,
      client: await Client.find(this.clientId),
      grantId: await grant.save(),
      gty: 'authorization_code',
      scope,
    });
    return await token.save();
  }

  /** At its revocation endpoint (RFC 7009). */
  async revoke(token: string): Promise<number> {
    const body = new URLSearchParams({ token, client_id: this.clientId, client_secret: ASCII_SECRET });
    return (await fetch(`${this.issuer}/token/revocation`, { method: 'POST', body })).status;
  }
}

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

function configuration(client: RegisteredClient, mutualTls: boolean): Readonly<Record<string, unknown>> {
  const certificateOf = ({ socket }: { readonly socket: TLSSocket }) => socket.getPeerX509Certificate();
  return {
    clients: [{ redirect_uris: [], response_types: [], grant_types: ['client_credentials'], ...client }],
    clientAuthMethods: [
      ...['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'],
      ...(mutualTls ? ['tls_client_auth', 'self_signed_tls_client_auth'] : []),
    ],
    enabledJWA: {
      clientAuthSigningAlgValues: [
        ...['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
        ...['ES256', 'ES384', 'ES512', 'EdDSA'],
      ],
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_: unknown, indicator: string) => {
          if (indicator !== RESOURCE) throw new errors.InvalidTarget();
          return { scope: 'orders users', accessTokenFormat: 'opaque', accessTokenTTL: 3600 };
        },
      },
      mTLS: {
        enabled: mutualTls,
        tlsClientAuth: true,
        selfSignedTlsClientAuth: true,
        getCertificate: certificateOf,
        certificateAuthorized: ({ socket }: { readonly socket: TLSSocket }) => socket.authorized,
        certificateSubjectMatches: (context: { readonly socket: TLSSocket }, property: string, expected: string) =>
          property === 'tls_client_auth_san_ip' && certificateOf(context)?.checkIP(expected) !== undefined,
      },
    },
    scopes: ['openid', 'offline_access', 'orders', 'users', 'admin'],
    jwks: { keys: [privateKey.export({ format: 'jwk' })] },
    cookies: { keys: ['not a secret'] },
    rotateRefreshToken: true,
    findAccount: (_: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    ttl: { AccessToken: 3600, ClientCredentials: 3600, Grant: 86_400, RefreshToken: 86_400, IdToken: 3600 },
  };
}

export async function startOidcServer(options: OidcServerOptions): Promise<OidcServer> {
  // It warns of what is right for a test.
  const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { tls, clientCa } = options;
  const listener: RequestListener = (request, response) => started.serve(request, response);
  const demand = { requestCert: true, rejectUnauthorized: false, ...(clientCa === undefined ? {} : { ca: clientCa }) };
  const server = tls === undefined ? createServer(listener) : createTlsServer({ ...tls, ...demand }, listener);
  const scheme = tls === undefined ? 'http' : 'https';
  const started = new OidcServer(`${scheme}://127.0.0.1:${await listening(server)}`, options);
  onTestFinished(() => {
    warned.mockRestore();
    return closing(server);
  });
  return started;
}

/** An API that takes the tokens which that server says are good. */
export async function startProtectedApi(server: OidcServer): Promise<Api> {
  const api = await startApi();
  api.behave(
    whenWhole((request, response) => {
      const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      void server.introspect(token).then((known) => {
        if (known === undefined) response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
        else response.end(JSON.stringify({ client: known.clientId, scope: known.scope, audience: known.aud }));
      });
    }),
  );
  return api;
}
