/** Finds a token endpoint by its authorization server's metadata: RFC 8414, OpenID Connect Discovery 1.0 §4. */
import { isIP } from 'node:net';
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import { isNearby } from '../lookup.ts';
import { isLoopbackHost } from '../loopback.ts';
import { metadataUrls } from '../metadata-urls.ts';
import { retryAfterMs } from './retry-after.ts';
import type { TokenEndpoint } from './token-endpoint.ts';
import type { TokenResponse } from './token-response.ts';

export interface DiscoveryOptions {
  /** Compared as text with what the metadata says of itself (RFC 8414 §3.3). */
  readonly issuer: string;
  /** The client shows a certificate: its token endpoint may be another one (RFC 8705 §5). */
  readonly mutualTls: boolean;
}

/** What an authorization server says of itself; what it does not say is undefined. */
export interface ServerDescription {
  readonly tokenUrl: string;
  /** RFC 8414 §2: `token_endpoint_auth_methods_supported`. */
  readonly authMethods: readonly string[] | undefined;
  readonly scopes: readonly string[] | undefined;
  readonly grantTypes: readonly string[] | undefined;
}

/** So long what was found is believed. */
const DAY_MS = 86_400_000;

export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #server: Pick<TokenEndpoint, 'get'>;
  readonly #clock: Clock;
  #found: { readonly tokenUrl: string; readonly atMs: number } | undefined;

  constructor(options: DiscoveryOptions, server: Pick<TokenEndpoint, 'get'>, clock: Clock) {
    this.#options = options;
    this.#server = server;
    this.#clock = clock;
  }

  /** The token endpoint, from memory for a day. Rejects with a Failure, `token_unavailable` or `token_invalid`. */
  async tokenUrl(deadline: AbortSignal): Promise<string> {
    const known = this.#found;
    if (known !== undefined && this.#clock.monotonicMs() - known.atMs < DAY_MS) return known.tokenUrl;
    const { tokenUrl } = await this.describe(deadline);
    this.#found = { tokenUrl, atMs: this.#clock.monotonicMs() };
    return tokenUrl;
  }

  /** What was found leads nowhere: the next time it is asked for anew. */
  forget(): void {
    this.#found = undefined;
  }

  /** Asks the server. Rejects as `tokenUrl`. */
  async describe(deadline: AbortSignal): Promise<ServerDescription> {
    const { issuer } = this.#options;
    for (const url of metadataUrls(issuer)) {
      const answer = await this.#server.get(url, deadline);
      const metadata = this.#metadataIn(answer);
      if (metadata === undefined) continue;
      return {
        tokenUrl: this.#tokenUrlIn(metadata),
        authMethods: textsIn(metadata.token_endpoint_auth_methods_supported),
        scopes: textsIn(metadata.scopes_supported),
        grantTypes: textsIn(metadata.grant_types_supported),
      };
    }
    throw unusable(
      'the issuer has no metadata, neither as oauth-authorization-server nor as openid-configuration (is it spelt as its server spells it? tokenUrl would say it all)',
    );
  }

  /** Undefined where there is none, as of a server that knows only the other place. */
  #metadataIn({ status, retryAfter, body }: TokenResponse): Metadata | undefined {
    if (status === 408 || status === 429 || status >= 500) {
      const waitMs = retryAfterMs(retryAfter, this.#clock.wallMs());
      throw new Failure(
        'token_unavailable',
        `the authorization server's metadata cannot be had at the moment (${status})`,
        waitMs === undefined ? {} : { retryAfterMs: waitMs },
      );
    }
    if (status !== 200) return undefined;
    try {
      const parsed: unknown = JSON.parse(body);
      return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : undefined;
    } catch {
      return undefined;
    }
  }

  #tokenUrlIn(metadata: Metadata): string {
    const { issuer, mutualTls } = this.#options;
    if (metadata.issuer !== issuer)
      throw unusable("the metadata is another issuer's (issuer has to be spelt exactly as the server spells it)");
    const alias = mutualTls ? metadata.mtls_endpoint_aliases?.token_endpoint : undefined;
    const tokenUrl = alias ?? metadata.token_endpoint;
    if (typeof tokenUrl !== 'string') throw unusable('the metadata names no token_endpoint');
    if (isNearbyOnly(tokenUrl, issuer))
      throw unusable(
        "the metadata names a token_endpoint on this link or among a cloud's metadata (if that is meant, tokenUrl could name it)",
      );
    if (!isSafe(tokenUrl, issuer))
      throw unusable('the metadata names a token_endpoint that is no address with https (tokenUrl could name another)');
    return tokenUrl;
  }
}

/** What is looked at here; any of it may be of any kind. */
interface Metadata {
  readonly issuer?: unknown;
  readonly token_endpoint?: unknown;
  readonly mtls_endpoint_aliases?: { readonly token_endpoint?: unknown } | null;
  readonly token_endpoint_auth_methods_supported?: unknown;
  readonly scopes_supported?: unknown;
  readonly grant_types_supported?: unknown;
}

function textsIn(list: unknown): readonly string[] | undefined {
  return Array.isArray(list) ? list.filter((each) => typeof each === 'string') : undefined;
}

/** Https, or on this machine as the issuer is: a secret goes there, and no server sends it to a port of ours. */
function isSafe(tokenUrl: string, issuer: string): boolean {
  const url = URL.parse(tokenUrl);
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false;
  if (url.protocol === 'https:') return true;
  return url.protocol === 'http:' && isLoopbackHost(url.hostname) && isLoopbackHost(URL.parse(issuer)?.hostname ?? '');
}

/** Where no server but one that is there itself has a say in whom we call. */
function isNearbyOnly(tokenUrl: string, issuer: string): boolean {
  const host = URL.parse(tokenUrl)?.hostname.replace(/^\[|\]$/g, '') ?? '';
  return isIP(host) !== 0 && isNearby(host) && URL.parse(issuer)?.hostname !== URL.parse(tokenUrl)?.hostname;
}

function unusable(detail: string): Failure {
  return new Failure('token_invalid', detail);
}
