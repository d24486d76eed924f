/** What of a route counts here; any of it may be wrong, which is told elsewhere. */
interface SpeltRoute {
  readonly prefix?: unknown;
  readonly credential?: unknown;
}

/** True if a token is asked for at this proxy itself, and there on a route that waits for that very token. */
export function waitsForItself(
  name: string,
  tokenUrl: unknown,
  { routes, isOwn }: { readonly routes: readonly (SpeltRoute | null)[]; readonly isOwn: (origin: string) => boolean },
): boolean {
  const url = typeof tokenUrl === 'string' ? URL.parse(tokenUrl) : null;
  // One without a scheme of the web has the origin `null`.
  if (url === null || url.origin === 'null' || !isOwn(url.origin)) return false;
  const { pathname } = url;
  const [route] = routes
    .flatMap((each) => (typeof each?.prefix === 'string' ? [{ prefix: each.prefix, credential: each.credential }] : []))
    .filter(({ prefix }) => prefix === '/' || pathname === prefix || pathname.startsWith(`${prefix}/`))
    .toSorted((one, other) => other.prefix.length - one.prefix.length);
  return route?.credential === name;
}
