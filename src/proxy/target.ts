/**
 * Request targets (RFC 9112 §3.2). A path is checked and passed on as the bytes that came; nothing is resolved,
 * normalised or decoded on its way, and none that could mean another place to the API than to us gets through.
 */
import { hasDotSegment } from '../dot-segments.ts';
import { Failure } from '../errors.ts';

/** A target taken apart. */
export interface Target {
  /** Of the absolute form, as they came; undefined for the origin form. */
  readonly absolute: { readonly scheme: string; readonly authority: string } | undefined;
  /** Begins with a slash. */
  readonly path: string;
  /** With its `?`; `''` if there is none. */
  readonly query: string;
}

/** Nothing in such a path needs a closer look: no dot, no escape, no odd character. */
const plainTarget = /^\/(?!\/)[\w~!$&'()*+,;=:@/-]*(?:\?[\x21\x22\x24-\x5b\x5d-\x7e]*)?$/;

/** Throws `bad_request`, and says what is wrong, for a target that is malformed or could be read in two ways. */
export function parseTarget(target: string): Target {
  if (plainTarget.test(target)) return split(target, undefined);
  if (!/^[\x21-\x7e]+$/.test(target)) throw refused('the target has a character that may not stand in one');
  if (target.includes('#')) throw refused('the target has a fragment');
  if (target.includes('\\')) throw refused('the target has a backslash');
  if (target.startsWith('/')) return checked(target, undefined);
  const [, scheme, authority, rest] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?]*)(.*)$/.exec(target) ?? [];
  if (scheme === undefined || authority === undefined || rest === undefined) {
    throw refused('the target is neither a path nor an absolute URL');
  }
  if (!/^https?$/i.test(scheme)) throw refused('the scheme of the target is neither http nor https');
  if (authority.includes('@')) throw refused('the target has user information');
  return checked(rest.startsWith('/') ? rest : `/${rest}`, { scheme, authority });
}

function checked(pathAndQuery: string, absolute: Target['absolute']): Target {
  const parts = split(pathAndQuery, absolute);
  const { path } = parts;
  if (path.startsWith('//')) throw refused('the path begins with two slashes');
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) throw refused('the path has a "%" that encodes nothing');
  if (/%00/.test(path)) throw refused('the path has an encoded NUL');
  if (hasDotSegment(path)) throw refused('the path has a "." or ".." segment once it is decoded');
  return parts;
}

function split(pathAndQuery: string, absolute: Target['absolute']): Target {
  const mark = pathAndQuery.indexOf('?');
  if (mark === -1) return { absolute, path: pathAndQuery, query: '' };
  return { absolute, path: pathAndQuery.slice(0, mark), query: pathAndQuery.slice(mark) };
}

function refused(detail: string): Failure {
  return new Failure('bad_request', detail);
}

/** A query, with its `?`, without the parameters of a name, however they are encoded. */
export function withoutParameter(query: string, name: string): string {
  const encoded = Buffer.from(name).toString('latin1');
  const kept = query
    .slice(1)
    .split('&')
    .filter((pair) => !isNamed(pair, encoded));
  return kept.length === 0 || (kept.length === 1 && kept[0] === '') ? '' : `?${kept.join('&')}`;
}

/** Whether a pair is of that name: one character is one byte (UTF-8), however many of them are encoded. */
function isNamed(pair: string, name: string): boolean {
  const equals = pair.indexOf('=');
  const length = equals === -1 ? pair.length : equals;
  // Each of its bytes is one character or three.
  if (length < name.length || length > 3 * name.length) return false;
  const plain = pair.slice(0, length).replaceAll('+', ' ');
  return plain.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) === name;
}
