/** Where an API points its client to: what is said of it in an answer's fields, so that the client comes this way again. */
import { type Authority, isSameOrigin, type Origin, originOf, parseAuthority } from '../authority.ts';
import { hasDotSegment } from '../dot-segments.ts';
import { Fields } from '../fields.ts';
import { withoutParameter } from './target.ts';

/** A request's place, as far as references in its answer depend on it. */
export interface LocatedMatch {
  readonly route: { readonly prefix: string; readonly origin: Origin; readonly basePath: string };
  /** The path behind prefix or base, `''` or `/…`. */
  readonly rest: string;
  /** The upstream's authority, as the client asked for it, in forward mode. */
  readonly forward: Authority | undefined;
}

const pointing = new Set(['location', 'content-location']);

/** Without the query parameter that the token is in: an API that redirects may keep the query, and so hand the token out. */
export function withoutInjected(fields: Fields, parameter: string): Fields {
  return pointed(fields, pointing, (reference) => cleaned(reference, parameter));
}

const location = new Set(['location']);
const points = Fields.question((fields) => fields.get('location') !== undefined);

/**
 * With each `Location` that is within the route's own base as this client can ask for it: by a path below the prefix,
 * which is right by whatever name and port the client has reached us; in forward mode, by `http://` and the authority
 * asked for. On every status: what it says on others than 201 and 3xx (RFC 9110 §10.2.2) is for the client to follow
 * as well, such as where a 202's outcome will be.
 */
export function relocated(fields: Fields, match: LocatedMatch): Fields {
  if (!points(fields)) return fields;
  return pointed(fields, location, (reference) => relocatedReference(reference, match));
}

/** The same object where nothing becomes another. */
function pointed(fields: Fields, names: ReadonlySet<string>, changed: (reference: string) => string): Fields {
  const { lines } = fields;
  let isSame = true;
  const given = lines.map((text, at) => {
    if (at % 2 === 0 || !names.has((lines[at - 1] ?? '').toLowerCase())) return text;
    const value = changed(text);
    isSame &&= value === text;
    return value;
  });
  return isSame ? fields : new Fields(given);
}

/** Relative or absolute; all but that parameter stays as it came. */
function cleaned(reference: string, parameter: string): string {
  // A `?` behind a `#` is of the fragment.
  return reference.replace(/^([^?#]*)(\?[^#]+)/, (_, before: string, query: string) => {
    return `${before}${withoutParameter(query, parameter)}`;
  });
}

/** RFC 3986 Appendix B; query and fragment as one. */
const referencePattern = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/;

function relocatedReference(reference: string, { route, rest, forward }: LocatedMatch): string {
  const [, scheme, authority, path = '', tail = ''] = referencePattern.exec(reference) ?? [];
  if (authority === undefined) {
    // Another scheme; or the same path; or one that the client resolves against the very URL that it asked for.
    if (scheme !== undefined || path === '' || forward !== undefined) return reference;
  } else if (!isOf(route.origin, scheme, authority)) return reference;
  const place = resolved(path || '/', `${route.basePath}${rest}` || '/');
  const below = restBelow(route.basePath, place);
  if (below === undefined) return reference;
  if (forward !== undefined) return `http://${forward.text}${place}${tail}`;
  const prefix = route.prefix === '/' ? '' : route.prefix;
  const ours = `${prefix}${below}` || '/';
  const isRight = authority === undefined && resolved(path, `${prefix}${rest}` || '/') === ours;
  return isRight ? reference : `${ours}${tail}`;
}

function isOf(origin: Origin, scheme: string | undefined, text: string): boolean {
  const authority = parseAuthority(text);
  return authority !== undefined && isSameOrigin(originOf(scheme ?? origin.scheme, authority), origin);
}

/**
 * A path without the base that it is in: `''` or `/…`. None where that could mean another place to somebody: `//` and a
 * backslash would be read as another host's behind an empty prefix.
 */
function restBelow(basePath: string, path: string): string | undefined {
  const below = path.slice(basePath.length);
  const isWithin = path.startsWith(basePath) && (below === '' || below.startsWith('/'));
  return isWithin && !below.startsWith('//') && !path.includes('\\') && !hasDotSegment(path) ? below : undefined;
}

/** The path that a reference's path, which is not empty, leads to from another path (RFC 3986 §5.2.3 and §5.2.4). */
function resolved(path: string, from: string): string {
  const whole = path.startsWith('/') ? path : `${from.slice(0, from.lastIndexOf('/') + 1)}${path}`;
  const kept: string[] = [];
  for (const segment of whole.slice(1).split('/')) {
    if (segment === '..') kept.pop();
    if (segment !== '.' && segment !== '..') kept.push(segment);
  }
  return `/${kept.join('/')}${/\/\.\.?$/.test(whole) && kept.length > 0 ? '/' : ''}`;
}
