import { type AskedAuthority, asked, askedFor, type Origin } from '../authority.ts';
import { Failure } from '../errors.ts';
import type { Send } from '../exchange.ts';
import type { FieldPolicy } from './headers.ts';
import type { InFlight } from './in-flight.ts';
import type { PathPattern } from './path-pattern.ts';
import { PrefixMap } from './prefix-map.ts';
import { type Target, withoutParameter } from './target.ts';

/** Where requests below a prefix go, and how. */
export interface Route {
  readonly prefix: string;
  /** The upstream's. */
  readonly origin: Origin;
  /** `''` or `/…`: the path at the upstream that everything goes below, with the prefix where that is not stripped. */
  readonly basePath: string;
  /** It is also found by the upstream's own authority and base. */
  readonly forward: boolean;
  /** Those allowed; undefined: all but TRACE and CONNECT. */
  readonly methods?: readonly string[] | undefined;
  /** Patterns of which the path, its prefix stripped, must match one; undefined: all paths. */
  readonly paths?: readonly PathPattern[] | undefined;
  readonly fields: FieldPolicy;
  /** The query parameter that the token goes into. */
  readonly parameter?: string | undefined;
  /** The name of its credential, for the log. */
  readonly credential?: string | undefined;
  /** Bytes that are kept of a body so that it can be sent again; 0: none. */
  readonly keptBody: number;
  /** Milliseconds that a client or an API may be silent in the middle of a body. */
  readonly idleMs: number;
  /** Those on their way to this upstream, by whichever route, that have no answer yet. */
  readonly unanswered: InFlight;
  /** It takes upgrades: WebSocket and any other. */
  readonly websocket: boolean;
  readonly send: Send;
}

/** A request's place: its route, and its path without the prefix or, in forward mode, without the base. */
export interface RouteMatch {
  readonly route: Route;
  /** `''` or `/…`. */
  readonly rest: string;
  /** The upstream's authority, as the client asked for it, in forward mode. */
  readonly forward: AskedAuthority | undefined;
}

/** Finds the route with the longest prefix of whole segments, or with an upstream that a client asks for by its own name. */
export class RouteTable {
  readonly #byPrefix = new PrefixMap<Route>();
  /** By scheme, host and port, then by base. */
  readonly #byUpstream = new Map<string, PrefixMap<Route>>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      this.#byPrefix.add(route.prefix, route);
      if (!route.forward) continue;
      for (const key of askedFor(route.origin)) {
        const bases = this.#byUpstream.get(key) ?? new PrefixMap();
        this.#byUpstream.set(key, bases);
        bases.add(route.basePath, route);
      }
    }
  }

  /** Whether a route's upstream has this authority and a base that the path is in. */
  isUpstream(authority: AskedAuthority, path: string): boolean {
    return this.#longestBase(authority, path) !== undefined;
  }

  /** The route of a path; `forward` as in {@link find}. */
  at(path: string, forward?: AskedAuthority): Route | undefined {
    return forward === undefined ? this.#byPrefix.find(path) : this.#longestBase(forward, path);
  }

  /**
   * `forward`: the upstream's authority that a client asks for, in forward mode. Throws `no_route`, `method_denied`,
   * `path_denied`, or `bad_request` for `//` right behind prefix or base.
   */
  find(method: string, path: string, forward?: AskedAuthority): RouteMatch {
    const route = this.at(path, forward);
    if (route === undefined)
      throw new Failure('no_route', 'no route has a prefix of this path (a prefix matches whole segments)');
    const { prefix, basePath } = route;
    const rest = path.slice(forward === undefined ? (prefix === '/' ? 0 : prefix.length) : basePath.length);
    if (rest.startsWith('//')) {
      const before = forward === undefined ? 'prefix' : 'base of the upstream';
      throw new Failure('bad_request', `the path has two slashes right behind the ${before}`);
    }
    if (route.methods !== undefined && !route.methods.includes(method)) {
      throw new Failure('method_denied', `this route allows ${route.methods.join(', ')}`, { allow: route.methods });
    }
    if (route.paths !== undefined && !route.paths.some((matches) => matches(rest === '' ? '/' : rest))) {
      throw new Failure('path_denied', 'none of the paths that this route allows matches');
    }
    return { route, rest, forward };
  }

  #longestBase(authority: AskedAuthority, path: string): Route | undefined {
    return this.#byUpstream.get(asked(authority))?.find(path);
  }
}

/** The target to ask the upstream for: joined as strings, the bytes of path and query as they came. */
export function upstreamTarget({ route, rest }: RouteMatch, { query }: Pick<Target, 'query'>): string {
  const parameters = route.parameter === undefined || query === '' ? query : withoutParameter(query, route.parameter);
  return `${`${route.basePath}${rest}` || '/'}${parameters}`;
}
