/** Web pages: which of them may ask. What else their browsers are to be told is in preflight.ts and cross-origin.ts. */
import { Failure } from '../errors.ts';
import { Fields } from '../fields.ts';

export interface PagePolicy {
  /**
   * A page that a browser shows must not use our credentials, whichever way it asks: throws `origin_denied`. Gives the
   * origin of one that may; undefined for what is no page, and for ours, whose browser needs no word of ours to show
   * it the answer. `host` is who was asked.
   */
  admit(fields: Fields, host: string): string | undefined;
}

/** What a browser says of the page that asks. */
const whence = Fields.question((fields) => ({ sites: fields.all('sec-fetch-site'), origins: fields.all('origin') }));

/** Pages of the origins that the config allows. */
export class Pages implements PagePolicy {
  readonly #allowed: ReadonlySet<string>;

  /** Origins whose pages may ask, as browsers spell them. */
  constructor(allowedOrigins: readonly string[]) {
    this.#allowed = new Set(allowedOrigins);
  }

  /** The origin of the page that asks, where it may and is named. */
  named(fields: Fields): string | undefined {
    const [origin, second] = whence(fields).origins;
    return origin !== undefined && second === undefined && this.#allowed.has(origin) ? origin : undefined;
  }

  admit(fields: Fields, host: string): string | undefined {
    const { sites, origins } = whence(fields);
    if (origins.length === 0 && sites.every((site) => site === 'none')) return undefined;
    const origin = this.named(fields);
    if (origin !== undefined) return origin;
    // A browser leaves the origin out of a page's GETs to where it came from: that is our own, and must be allowed like any.
    const sameOrigin = origins.length === 0 && sites.every((site) => site === 'same-origin');
    if (sameOrigin && ownOrigins(host).some((own) => this.#allowed.has(own))) return undefined;
    throw denied('if a page of that origin may ask, add it to listen.allowedOrigins', origins);
  }
}

/** Pages that came from where they ask, and no others. */
export const ownPages: PagePolicy = {
  admit(fields, host) {
    const { sites, origins } = whence(fields);
    const isNone = sites.every((site) => site === 'none');
    const isOwn = sites.every((site) => site === 'same-origin');
    if (origins.length === 0 && (isNone || isOwn)) return undefined;
    if (origins.length > 0 && origins.every((origin) => ownOrigins(host).includes(origin))) return undefined;
    throw denied('only pages that came from here may ask', origins);
  },
};

/** Of pages that came from here, by whichever scheme: in front of us somebody else may speak TLS. */
function ownOrigins(host: string): string[] {
  return [`http://${host}`, `https://${host}`];
}

function denied(help: string, origins: readonly string[]): Failure {
  return new Failure('origin_denied', help, {
    cause: new Error(`Origin ${origins[0]?.slice(0, 200) ?? 'not told'}`),
  });
}
