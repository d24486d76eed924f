/** Preflights (Fetch §4.8): a browser asks whether a page may send a request that it would not send by itself. */
import { Failure } from '../errors.ts';
import type { InboundRequest } from '../exchange.ts';
import { Fields } from '../fields.ts';

/** What a page wants to send. */
export interface Preflight {
  readonly method: string;
  /** Names of fields, in lower case. */
  readonly fields: readonly string[];
  /** The browser takes us to be in a more private network than the page's server. */
  readonly isPrivate: boolean;
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Seconds: soon enough for a change of the config, and seldom enough for a page that asks on and on. */
const MAX_AGE = '600';

/** Undefined for any other request. Throws `bad_request`. */
export function preflightOf({ method, fields }: InboundRequest): Preflight | undefined {
  if (method !== 'OPTIONS') return undefined;
  const [wanted, second] = fields.all('access-control-request-method');
  if (wanted === undefined) return undefined;
  const names = fields.tokens('access-control-request-headers');
  if (second !== undefined || ![wanted, ...names].every((name) => token.test(name)))
    throw new Failure('bad_request', 'the preflight is malformed');
  const isPrivate = fields.get('access-control-request-private-network') === 'true';
  return { method: wanted, fields: names, isPrivate };
}

/**
 * The answer. `methods` are those that are allowed there; undefined: whether the one that is asked for is will be said to the
 * request itself, in words that the page can read.
 */
export function permission({ method, fields, isPrivate }: Preflight, methods: readonly string[] = [method]): Fields {
  const lines = [
    ...['Access-Control-Allow-Methods', methods.join(', ')],
    ...(fields.length === 0 ? [] : ['Access-Control-Allow-Headers', fields.join(', ')]),
    ...(isPrivate ? ['Access-Control-Allow-Private-Network', 'true'] : []),
    ...['Access-Control-Max-Age', MAX_AGE],
    ...['Vary', 'Access-Control-Request-Method, Access-Control-Request-Headers'],
  ];
  return new Fields(lines);
}
