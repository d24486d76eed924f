/**
 * Who may ask at all. Everything here is decided before a token is looked at: what is refused costs no token request
 * and reaches no API.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Failure } from '../errors.ts';
import type { InboundRequest } from '../exchange.ts';
import { FieldNames } from '../field-names.ts';
import type { Secret } from '../secret.ts';
import { parseTarget, type Target } from './target.ts';

export interface GuardOptions {
  /** Names and addresses that are ours, in lower case, without a port; `*.suffix` for all below it. */
  readonly hosts: readonly string[];
  /** Any Host will do: no page can be made to reach a unix socket by a name of its own. */
  readonly anyHost: boolean;
  /** Browser origins whose pages may ask. */
  readonly allowedOrigins: readonly string[];
  /** What clients must send; undefined: nothing. */
  readonly clientToken: () => Secret | undefined;
  /** The id of this process in `Bearerway-Hop`. */
  readonly hopId: string;
}

/** Names and addresses that are ours where we listen on one; the unspecified address is nobody's name. */
export function ownHosts(listened: string, allowed: readonly string[]): string[] {
  const own = ['0.0.0.0', '::'].includes(listened) ? [] : [listened.includes(':') ? `[${listened}]` : listened];
  return ['localhost', '127.0.0.1', '[::1]', ...own, ...allowed];
}

/** What the guard found out on the way. */
export interface Admission {
  readonly target: Target;
  /** The field that held the client token where it is a field that APIs use too. */
  readonly consumed: FieldNames | undefined;
}

export type Guard = (request: InboundRequest) => Admission;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
/** RFC 3986 §3.2.2, no longer than a name can be; encoded, it holds no control character. */
const hostPattern =
  /^((?:[A-Za-z0-9._~!$&'()*+,;=-]|%[2-9A-Fa-f][0-9A-Fa-f]){1,255}|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/;

/** So many spellings of our names are remembered. */
const MOST_KNOWN = 64;

/** A guard throws the Failure that answers a request it does not let through. */
export function guard({ hosts, anyHost, allowedOrigins, clientToken, hopId }: GuardOptions): Guard {
  const isOurs = hostMatcher(hosts);
  const isToken = comparison();
  /** Values of Host that are ours: the same few come again and again. */
  const known = new Set<string>();
  return (request) => {
    refuseMethods(request);
    const host = theHost(request);
    const isKnown = known.has(host);
    const name = isKnown ? host : hostOf(host);
    const target = parseTarget(request.target);
    if (target.authority !== undefined && !isOurs(hostOf(target.authority))) {
      throw new Failure('forward_denied', 'the target names another host; ask for a path below one of the prefixes');
    }
    if (target.authority === undefined && !isKnown && !anyHost && !isOurs(name)) {
      throw new Failure(
        'host_denied',
        'if this proxy is meant to be reached by that name, add it to listen.allowedHosts',
        { cause: new Error(`Host ${host}`) },
      );
    }
    if (!isKnown && target.authority === undefined && known.size < MOST_KNOWN) known.add(host);
    refusePages(request, host, allowedOrigins);
    const consumed = authenticate(request, clientToken(), isToken);
    refuseExpectations(request);
    refuseUpgradesWithBody(request);
    if (request.fields.tokens('bearerway-hop').includes(hopId))
      throw new Failure('loop_detected', 'an upstream leads back to this proxy');
    return { target, consumed };
  };
}

/** TRACE would echo the token (RFC 9110 §9.3.8); CONNECT is a tunnel that no token can be put into. */
function refuseMethods({ method }: InboundRequest): void {
  if (method === 'CONNECT') {
    const help =
      'no token could be put on what is in a tunnel: ask for an http:// URL of this proxy with the prefix of a route';
    throw new Failure('method_denied', help, { allow: METHODS });
  }
  if (method === 'TRACE') throw new Failure('method_denied', 'TRACE would echo the token', { allow: METHODS });
}

/** RFC 9112 §3.2: exactly one. */
function theHost({ fields }: InboundRequest): string {
  const host = fields.get('host');
  if (host === undefined) throw new Failure('bad_request', 'the Host field is missing');
  if (fields.likeness('host') > 1 && fields.all('host').length > 1) throw new Failure('bad_request', 'two Host fields');
  return host;
}

/** The name or address in an authority, in lower case and without a dot at its end. Ports are not compared. */
function hostOf(authority: string): string {
  const [, host, port] = hostPattern.exec(authority) ?? [];
  if (host === undefined || Number(port ?? 1) > 65_535) throw new Failure('bad_request', 'the Host is malformed');
  return host.toLowerCase().replace(/\.$/, '');
}

function hostMatcher(hosts: readonly string[]): (host: string) => boolean {
  const exact = new Set(hosts.filter((host) => !host.startsWith('*.')).map((host) => host.toLowerCase()));
  const suffixes = hosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(1).toLowerCase());
  return (host) => exact.has(host) || suffixes.some((suffix) => host.length > suffix.length && host.endsWith(suffix));
}

/** A page that a browser shows must not use our credentials, whichever way it asks. */
function refusePages({ fields }: InboundRequest, host: string, allowedOrigins: readonly string[]): void {
  const sites = fields.all('sec-fetch-site');
  const origins = fields.all('origin');
  if (origins.length === 0 && sites.every((site) => site === 'none')) return;
  const isAllowed = (origin: string): boolean => allowedOrigins.includes(origin);
  // A browser leaves the origin out of a page's GETs to where it came from: that is our own, and must be allowed like any.
  const sameOrigin = origins.length === 0 && sites.every((site) => site === 'same-origin');
  if (origins.length > 0 && origins.every(isAllowed)) return;
  if (sameOrigin && [`http://${host}`, `https://${host}`].some(isAllowed)) return;
  throw new Failure('origin_denied', 'if a page of that origin may ask, add it to listen.allowedOrigins', {
    cause: new Error(`Origin ${origins[0]?.slice(0, 200) ?? 'not told'}`),
  });
}

const authorizationField = new FieldNames(['authorization'], { twins: true });

/** The client token, in any of the ways that clients can be made to send one. Returns the field to be dropped. */
function authenticate(
  { fields }: InboundRequest,
  expected: Secret | undefined,
  isToken: (presented: string | undefined, expected: Secret) => boolean,
): FieldNames | undefined {
  if (expected === undefined) return undefined;
  const proxyAuthorization = fields.get('proxy-authorization');
  const presented = [
    fields.get('bearerway-client-token'),
    bearer(proxyAuthorization),
    basicPassword(proxyAuthorization),
  ];
  // Looked for even if another way let the client in: wherever the token stands, it goes no further.
  const inAuthorization = fields.all('authorization').some((value) => isToken(basicPassword(value), expected));
  if (inAuthorization) return authorizationField;
  if (presented.some((token) => isToken(token, expected))) return undefined;
  throw new Failure(
    'client_unauthorized',
    'send the client token as Bearerway-Client-Token, or as the password of a proxy or base URL',
  );
}

function bearer(credentials: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(credentials ?? '')?.[1];
}

function basicPassword(credentials: string | undefined): string | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(credentials ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? undefined : pair.slice(colon + 1);
}

/** Says in constant time, whatever the lengths, whether a text is the secret, which is hashed when it is a new one. */
function comparison(): (presented: string | undefined, expected: Secret) => boolean {
  let known: { readonly secret: Secret; readonly hash: Buffer } | undefined;
  return (presented, secret) => {
    if (presented === undefined) return false;
    if (known?.secret !== secret) known = { secret, hash: digest(secret.reveal()) };
    return timingSafeEqual(digest(presented), known.hash);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** RFC 9110 §10.1.1; the listener meets 100-continue itself. */
function refuseExpectations({ fields }: InboundRequest): void {
  if (fields.tokens('expect').some((expectation) => expectation !== '100-continue')) {
    throw new Failure('expectation_failed', 'no expectation but 100-continue can be met');
  }
}

/** Where the body ends and the new protocol begins would be anybody's guess. `h2c` is never passed on, and so no matter. */
function refuseUpgradesWithBody({ fields, body }: InboundRequest): void {
  if (body === undefined || !fields.tokens('upgrade').some((protocol) => protocol !== 'h2c')) return;
  throw new Failure('bad_request', 'an upgrade with a body');
}
