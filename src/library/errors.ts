/** One thing that is wrong with a configuration. */
export interface ConfigFault {
  /** `routes[0].upstream`; empty: the whole of it. */
  readonly path: string;
  /** What is wrong, and in parentheses what would be right. Never repeats a value. */
  readonly message: string;
  /** Where in its file, from 1 on; undefined where the configuration is no file. */
  readonly line: number | undefined;
  readonly column: number | undefined;
}

/**
 * - `config_invalid`: see `faults`; the message has them all, a line each.
 * - `not_running`: `fetch` before `start`, or after `stop` or `close`.
 * - `destination_denied`: a token was to go to an origin that is not among `origins`. Nothing was sent.
 * - `token_unavailable`: the identity provider is down, slow or rate limiting, or we are backing off: see `retryAfterMs`.
 * - `token_refused`: it refuses our client; the configuration or the secret has to change.
 * - `token_invalid`: its answer cannot be used.
 * - `shut_down`: `stop` cut off what had not ended within `shutdown.timeout`.
 * - others: as in the table "Errors" of the README.
 */
export type ErrorCode =
  | 'config_invalid'
  | 'not_running'
  | 'destination_denied'
  | 'token_unavailable'
  | 'token_refused'
  | 'token_invalid'
  | 'shut_down'
  | 'request_timeout'
  | 'upstream_invalid'
  | 'upstream_reset'
  | 'upstream_timeout'
  | 'internal_error';

/** What this library throws. Told apart by `code`; no message holds a secret or a token. */
export class BearerwayError extends Error {
  override readonly name = 'BearerwayError';
  readonly code: ErrorCode;
  /** Milliseconds until another try makes sense; undefined: nobody knows, or it makes none. */
  readonly retryAfterMs: number | undefined;
  /** Of `config_invalid`; else empty. */
  readonly faults: readonly ConfigFault[];

  constructor(
    code: ErrorCode,
    message: string,
    {
      retryAfterMs,
      faults = [],
    }: { readonly retryAfterMs?: number | undefined; readonly faults?: readonly ConfigFault[] } = {},
  ) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.faults = faults;
  }
}
