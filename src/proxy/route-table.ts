import { Failure } from '../errors.ts';
import type { Send } from '../exchange.ts';
import type { FieldPolicy } from './headers.ts';
import type { PathPattern } from './path-pattern.ts';
import { type Target, withoutParameter } from './target.ts';

/** Where requests below a prefix go, and how. */
export interface Route {
  readonly prefix: string;
  /** `''` or `/…`: the path at the upstream that everything goes below. */
  readonly basePath: string;
  readonly stripPrefix: boolean;
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
  /** It takes upgrades: WebSocket and any other. */
  readonly websocket: boolean;
  readonly send: Send;
}

/** A request's place: its route, and its path without the prefix. */
export interface RouteMatch {
  readonly route: Route;
  /** `''` or `/…`. */
  readonly rest: string;
}

/** Finds the route with the longest prefix of whole segments. Its cost does not grow with the number of routes. */
export class RouteTable {
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #longestPrefix: number;

  constructor(routes: readonly Route[]) {
    this.#routes = new Map(routes.map((route) => [route.prefix, route]));
    this.#longestPrefix = Math.max(0, ...routes.map(({ prefix }) => prefix.length));
  }

  /** Throws `no_route`, `method_denied`, `path_denied`, or `bad_request` for `//` right behind the prefix. */
  find(method: string, path: string): RouteMatch {
    const route = this.#longest(path);
    if (route === undefined)
      throw new Failure('no_route', 'no route has a prefix of this path (a prefix matches whole segments)');
    const rest = route.prefix === '/' ? path : path.slice(route.prefix.length);
    if (rest.startsWith('//')) throw new Failure('bad_request', 'the path has two slashes right behind the prefix');
    if (route.methods !== undefined && !route.methods.includes(method)) {
      throw new Failure('method_denied', `this route allows ${route.methods.join(', ')}`, { allow: route.methods });
    }
    if (route.paths !== undefined && !route.paths.some((matches) => matches(rest === '' ? '/' : rest))) {
      throw new Failure('path_denied', 'none of the paths that this route allows matches');
    }
    return { route, rest };
  }

  #longest(path: string): Route | undefined {
    const longest = path.length <= this.#longestPrefix ? path.length : path.lastIndexOf('/', this.#longestPrefix);
    for (let end = longest; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const route = this.#routes.get(path.slice(0, end));
      if (route !== undefined) return route;
    }
    return this.#routes.get('/');
  }
}

/** The target to ask the upstream for: joined as strings, the bytes of path and query as they came. */
export function upstreamTarget({ route, rest }: RouteMatch, { path, query }: Target): string {
  const below = route.stripPrefix ? rest : path;
  const parameters = route.parameter === undefined || query === '' ? query : withoutParameter(query, route.parameter);
  return `${`${route.basePath}${below}` || '/'}${parameters}`;
}
