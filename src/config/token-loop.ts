import { metadataUrls } from '../metadata-urls.ts';

/** What of a route counts here; any of it may be wrong, which is told elsewhere. */
interface SpeltRoute {
  readonly prefix?: unknown;
  readonly credential?: unknown;
}

/** What of a credential counts here. */
interface SpeltEndpoint {
  readonly tokenUrl?: unknown;
  readonly issuer?: unknown;
}

interface Surroundings {
  readonly routes: readonly (SpeltRoute | null)[];
  readonly isOwn: (origin: string) => boolean;
}

/** Which key has a token asked for at this proxy itself, and there on a route that waits for that very token, if one has. */
export function waitsForItself(
  name: string,
  { tokenUrl, issuer }: SpeltEndpoint,
  surroundings: Surroundings,
): 'tokenUrl' | 'issuer' | undefined {
  const waits = (urls: readonly string[]): boolean =>
    // One that no route takes is not there, and the next is asked for.
    urls.map((url) => routeTo(url, surroundings)).find((route) => route !== undefined)?.credential === name;
  if (typeof tokenUrl === 'string' && waits([tokenUrl])) return 'tokenUrl';
  if (typeof issuer === 'string' && waits(metadataUrls(issuer))) return 'issuer';
  return undefined;
}

function routeTo(text: string, { routes, isOwn }: Surroundings): SpeltRoute | undefined {
  const url = URL.parse(text);
  // One without a scheme of the web has the origin `null`.
  if (url === null || url.origin === 'null' || !isOwn(url.origin)) return undefined;
  const { pathname } = url;
  const [route] = routes
    .flatMap((each) => (typeof each?.prefix === 'string' ? [{ prefix: each.prefix, credential: each.credential }] : []))
    .filter(({ prefix }) => prefix === '/' || pathname === prefix || pathname.startsWith(`${prefix}/`))
    .toSorted((one, other) => other.prefix.length - one.prefix.length);
  return route;
}
