import { askedFor, configuredOrigin } from '../authority.ts';
import { basePathOf } from './route.ts';
import type { RouteConfig } from './schema.ts';

/** Routes that a forward proxy's client cannot tell apart, by their prefixes: all but the first are never taken so. */
export interface Rivals {
  readonly taken: string;
  readonly others: readonly string[];
}

type ForwardRoute = Pick<RouteConfig, 'prefix' | 'stripPrefix' | 'forward'> & {
  readonly upstream: Pick<RouteConfig['upstream'], 'origin' | 'basePath'>;
};

/** Those with the same host, port and base, in the order of the config. */
export function rivals(routes: readonly ForwardRoute[]): Rivals[] {
  const takenAt = new Map<string, string>();
  const others = new Map<string, string[]>();
  for (const route of routes.filter(({ forward }) => forward)) {
    const { prefix, upstream } = route;
    // Under its own port and that of http there may be two of them before it; one is told of.
    const places = askedFor(configuredOrigin(upstream.origin)).map((asked) => `${asked}${basePathOf(route)}`);
    const taken = places.map((place) => takenAt.get(place)).find((first) => first !== undefined);
    for (const place of places) if (!takenAt.has(place)) takenAt.set(place, prefix);
    if (taken === undefined) continue;
    const rest = others.get(taken);
    if (rest === undefined) others.set(taken, [prefix]);
    else rest.push(prefix);
  }
  return [...others].map(([taken, rest]) => ({ taken, others: rest }));
}
