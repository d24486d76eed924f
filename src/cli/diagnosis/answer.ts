/** An answer of success that no token could be made of. */
import { type Failure, printable } from '../../errors.ts';
import type { Heard } from '../token-attempt.ts';
import type { Diagnosis, GrantConfig } from './symptoms.ts';

export function aboutAnswer({ response }: GrantConfig, failure: Failure, { status, body }: Heard): Diagnosis {
  if (status >= 300)
    return {
      cause: `the token endpoint answers ${status}, a redirect, and a secret follows none`,
      remedy: 'tokenUrl: the address that it leads to, if that is the right one (a slash at its end matters)',
    };
  const json = parsed(body);
  if (json === undefined)
    return {
      cause: `the token endpoint answers ${status} with what is no JSON object, such as a web page`,
      remedy: 'look at the path in tokenUrl (or baseUrl)',
    };
  if (failure.topic === 'no access token')
    return aboutMembers(json, `the answer has no ${response.accessToken.join(' or ')}`);
  if (failure.topic === 'access token') return aboutMembers(json, printable(failure.detail));
  if (failure.topic === 'token type')
    return {
      cause: printable(failure.detail),
      remedy: 'inject.scheme: the type that the answer names, if the API takes it in Authorization',
    };
  return {
    cause: printable(failure.detail),
    remedy: 'compare what the documentation of the server says of its answer with response and lifetime',
  };
}

function aboutMembers(json: object, lacks: string): Diagnosis {
  const pointers = firstOf(pointersOf(json), MOST_TOLD);
  const likely = pointers.find(
    (pointer) => /token|jwt/i.test(lastOf(pointer)) && !/refresh|id_?token|type|expire/i.test(lastOf(pointer)),
  );
  return {
    cause: `${lacks}; it has ${pointers.length === 0 ? 'no member at all' : pointers.join(', ')}`,
    remedy:
      likely === undefined
        ? 'response.accessToken: where the token is in it, as a JSON Pointer'
        : `response.accessToken: ${likely}`,
  };
}

/** So many names are told. */
const MOST_TOLD = 12;
/** So far down they are looked for: an answer may go down without end. */
const DEEPEST_TOLD = 8;

/** Where its texts and numbers are, as JSON Pointers (RFC 6901): names alone, and only such as are no values in disguise. */
function* pointersOf(value: unknown, at = '', levels = DEEPEST_TOLD): Generator<string, void, undefined> {
  if (typeof value !== 'object' || value === null || levels === 0) {
    yield at;
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    if (Array.isArray(value) || /^[A-Za-z_][\w.-]{0,39}$/.test(name))
      yield* pointersOf(member, `${at}/${name}`, levels - 1);
  }
}

function firstOf(all: Iterable<string>, most: number): string[] {
  const first: string[] = [];
  for (const each of all) {
    if (first.length === most) break;
    first.push(each);
  }
  return first;
}

function lastOf(pointer: string): string {
  return pointer.slice(pointer.lastIndexOf('/') + 1);
}

function parsed(body: string): object | undefined {
  try {
    const json: unknown = JSON.parse(body.replace(/^\uFEFF/, ''));
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : undefined;
  } catch {
    return undefined;
  }
}
