/**
 * Who may ask at all. Everything here is decided before a token is looked at: what is refused costs no token request
 * and reaches no API.
 */
import { type AskedAuthority, type Authority, comparableHost, originOf, parseAuthority } from '../authority.ts';
import { Failure } from '../errors.ts';
import type { InboundRequest } from '../exchange.ts';
import type { FieldNames } from '../field-names.ts';
import { Fields } from '../fields.ts';
import type { Secret } from '../secret.ts';
import { clientTokenCheck } from './client-token.ts';
import type { PagePolicy } from './pages.ts';
import { type Preflight, preflightOf } from './preflight.ts';
import { parseTarget, type Target } from './target.ts';

export interface GuardOptions {
  /** Names and addresses that are ours, in lower case, without a port; `*.suffix` for all below it. */
  readonly hosts: readonly string[];
  /** Any Host will do: no page can be made to reach a unix socket by a name of its own. */
  readonly anyHost: boolean;
  readonly pages: PagePolicy;
  /** What clients must send; undefined: nothing. */
  readonly clientToken: () => Secret | undefined;
  /** The id of this process in `Bearerway-Hop`. */
  readonly hopId: string;
  /** Where the config has these, for the words to who is refused. Left out: `listen`. */
  readonly settings?: 'listen' | 'admin';
  /** Whether a route may be asked for by this authority and path of its upstream. */
  readonly isUpstream: (authority: AskedAuthority, path: string) => boolean;
}

/** Names and addresses that are ours where we listen on one; the unspecified address is nobody's name. */
export function ownHosts(listened: string, allowed: readonly string[]): string[] {
  const own = ['0.0.0.0', '::'].includes(listened) ? [] : [listened.includes(':') ? `[${listened}]` : listened];
  return ['localhost', '127.0.0.1', '[::1]', ...own, ...allowed];
}

/** What the guard found out on the way. */
export interface Admission {
  readonly target: Target;
  /** Who was asked for: the authority of an absolute URL, else the Host (RFC 9112 §3.2.2). */
  readonly host: string;
  /** In forward mode: the upstream's authority, as the client asked for it. */
  readonly forward: AskedAuthority | undefined;
  /** The field that held the client token where it is a field that APIs use too. */
  readonly consumed: FieldNames | undefined;
  /** The origin of the page that asks. */
  readonly page: string | undefined;
  /** A page wants to know whether it may ask: the answer is ours to give, and no API is. */
  readonly preflight: AdmittedPreflight | undefined;
}

interface AdmittedPreflight extends Preflight {
  /** Who asks has not shown the client token, which no preflight can bear: nothing is to be told of routes. */
  readonly isAnonymous: boolean;
}

export type Guard = (request: InboundRequest) => Admission;

/** Those that are told of where any may be asked with. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
/** So many spellings of our names are remembered. */
const MOST_KNOWN = 64;

/** A guard throws the Failure that answers a request it does not let through. */
export function guard(options: GuardOptions): Guard {
  const { hosts, anyHost, pages, clientToken, hopId, isUpstream, settings = 'listen' } = options;
  const isOurs = hostMatcher(hosts);
  const authenticate = clientTokenCheck(clientToken);
  /** Values of Host that are ours: the same few come again and again. */
  const known = new Set<string>();
  return (request) => {
    refuseMethods(request);
    refuseLoops(request, hopId);
    const host = theHost(request.fields);
    const isKnown = known.has(host);
    const name = isKnown ? host : authorityOf(host).host;
    const target = parseTarget(request.target);
    const asked = target.absolute && { ...authorityOf(target.absolute.authority), scheme: target.absolute.scheme };
    const isForward = asked !== undefined && isUpstream(asked, target.path);
    const isForeign = asked !== undefined && !isForward && !(isOurs(asked.host) && isOwnPort(asked, request));
    if (asked === undefined && !isKnown && !anyHost && !isOurs(name)) {
      throw new Failure(
        'host_denied',
        `if this proxy is meant to be reached by that name, add it to ${settings}.allowedHosts`,
        { cause: new Error(`Host ${host}`) },
      );
    }
    if (!isKnown && asked === undefined && known.size < MOST_KNOWN) known.add(host);
    const page = pages.admit(request.fields, asked?.text ?? host);
    const preflight = page === undefined ? undefined : preflightOf(request);
    if (preflight !== undefined) refuseMethods(preflight);
    // To a proxy a browser shows its credentials with whatever it asks, a preflight too.
    const isAnonymous = preflight !== undefined && asked === undefined && clientToken() !== undefined;
    const consumed = isAnonymous ? undefined : authenticate(request.fields, isForward || isForeign);
    // Behind the client token: which hosts there are is for those who may ask.
    if (isForeign) refuseForeign(asked);
    refuseExpectations(request);
    refuseUpgradesWithBody(request);
    return {
      target,
      host: asked?.text ?? host,
      forward: isForward ? asked : undefined,
      consumed,
      page,
      preflight: preflight && { ...preflight, isAnonymous },
    };
  };
}

/** TRACE would echo the token (RFC 9110 §9.3.8); CONNECT is a tunnel that no token can be put into. */
function refuseMethods({ method }: { readonly method: string }): void {
  if (method === 'CONNECT') {
    const help =
      "no token could be put on what is in a tunnel: ask for http:// URLs of the API (this proxy speaks https to it), or for a route's prefix at this proxy";
    throw new Failure('method_denied', help, { allow: METHODS });
  }
  if (method === 'TRACE') throw new Failure('method_denied', 'TRACE would echo the token', { allow: METHODS });
}

/** Proxies like this one that it has come through. */
const hops = Fields.question((fields) => fields.tokens('bearerway-hop'));

/** Looked for first: a request that has lost its way has not the client token or a Host of ours either. */
function refuseLoops({ fields }: InboundRequest, hopId: string): void {
  if (hops(fields).includes(hopId)) throw new Failure('loop_detected', 'an upstream leads back to this proxy');
}

/** An open proxy would let in whoever reaches it to wherever it can go. Nothing was looked up. */
function refuseForeign({ text }: Authority): never {
  throw new Failure(
    'forward_denied',
    "no route has an upstream with this host, port and path, nor is it this proxy's own; if it needs no token, name its host in the client's NO_PROXY",
    { cause: new Error(`asked for ${text}`) },
  );
}

/** RFC 9112 §3.2: exactly one. */
const theHost = Fields.question((fields): string => {
  const [host, second] = fields.all('host');
  if (host === undefined) throw new Failure('bad_request', 'the Host field is missing');
  if (second !== undefined) throw new Failure('bad_request', 'two Host fields');
  return host;
});

function authorityOf(text: string): Authority {
  const authority = parseAuthority(text);
  if (authority === undefined) throw new Failure('bad_request', 'the Host is malformed');
  return authority;
}

/**
 * Of an absolute URL the port counts: what listens on another one of this machine is somebody else, and what was meant
 * for that must not go to an API. Unlike that of a Host, which came here: behind a mapped port it is another.
 */
function isOwnPort(asked: AskedAuthority, { localPort }: InboundRequest): boolean {
  const own = localPort?.();
  return own === undefined || originOf(asked.scheme, asked).port === own;
}

function hostMatcher(hosts: readonly string[]): (host: string) => boolean {
  const exact = new Set(hosts.filter((host) => !host.startsWith('*.')).map(comparableHost));
  const suffixes = hosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(1).toLowerCase());
  return (host) => exact.has(host) || suffixes.some((suffix) => host.length > suffix.length && host.endsWith(suffix));
}

/** RFC 9110 §10.1.1; the listener meets 100-continue itself. */
const expectsMore = Fields.question((fields) => fields.tokens('expect').some((each) => each !== '100-continue'));

function refuseExpectations({ fields }: InboundRequest): void {
  if (expectsMore(fields)) throw new Failure('expectation_failed', 'no expectation but 100-continue can be met');
}

/** Where the body ends and the new protocol begins would be anybody's guess. `h2c` is never passed on, and so no matter. */
function refuseUpgradesWithBody({ fields, body }: InboundRequest): void {
  if (body === undefined || !fields.tokens('upgrade').some((protocol) => protocol !== 'h2c')) return;
  throw new Failure('bad_request', 'an upgrade with a body');
}
