/** What tells a browser that a page of another origin may have an answer (CORS, Fetch §3.3). */
import { FieldNames } from '../field-names.ts';
import type { Fields } from '../fields.ts';

/** An API's own words about this are for pages that ask it without us, by its own name. */
const ofCrossOrigin = new FieldNames(
  [
    'access-control-allow-origin',
    'access-control-allow-credentials',
    'access-control-allow-methods',
    'access-control-allow-headers',
    'access-control-allow-private-network',
    'access-control-expose-headers',
    'access-control-max-age',
  ],
  { twins: false },
);

/** The fields of an API's answer, for a page of this origin: our word in place of the API's. */
export function resharedWith(origin: string, fields: Fields): Fields {
  return sharedWith(origin, fields.without(ofCrossOrigin));
}

/**
 * The fields of an answer, for a page of this origin: it may read all of them. Never with credentials: a cookie is kept
 * for a host whatever the port, and so those of all that is on this machine would go to the API.
 */
export function sharedWith(origin: string, fields: Fields): Fields {
  return fields.with('Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', '*', 'Vary', 'Origin');
}
