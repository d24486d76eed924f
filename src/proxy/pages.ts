/** Web pages: which of them may ask. What else their browsers are to be told is in preflight.ts and cross-origin.ts. */
import { Failure } from '../errors.ts';
import type { Fields } from '../fields.ts';

export class Pages {
  readonly #allowed: ReadonlySet<string>;

  /** Origins whose pages may ask, as browsers spell them. */
  constructor(allowedOrigins: readonly string[]) {
    this.#allowed = new Set(allowedOrigins);
  }

  /** The origin of the page that asks, where it may and is named. */
  named(fields: Fields): string | undefined {
    const [origin, second] = fields.all('origin');
    return origin !== undefined && second === undefined && this.#allowed.has(origin) ? origin : undefined;
  }

  /**
   * A page that a browser shows must not use our credentials, whichever way it asks: throws `origin_denied`. Gives the
   * origin of one that may; undefined for what is no page, and for ours, whose browser needs no word of ours to show
   * it the answer. `host` is who was asked.
   */
  admit(fields: Fields, host: string): string | undefined {
    const sites = fields.all('sec-fetch-site');
    const origins = fields.all('origin');
    if (origins.length === 0 && sites.every((site) => site === 'none')) return undefined;
    const origin = this.named(fields);
    if (origin !== undefined) return origin;
    // A browser leaves the origin out of a page's GETs to where it came from: that is our own, and must be allowed like any.
    const sameOrigin = origins.length === 0 && sites.every((site) => site === 'same-origin');
    if (sameOrigin && [`http://${host}`, `https://${host}`].some((own) => this.#allowed.has(own))) return undefined;
    throw new Failure('origin_denied', 'if a page of that origin may ask, add it to listen.allowedOrigins', {
      cause: new Error(`Origin ${origins[0]?.slice(0, 200) ?? 'not told'}`),
    });
  }
}
