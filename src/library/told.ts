/** What parts throw and give, as users of the library see it. */
import type { Token } from '../auth/token.ts';
import type { Clock } from '../clock.ts';
import { ConfigError } from '../config/faults.ts';
import type { Failure } from '../errors.ts';
import { BearerwayError, type ErrorCode } from './errors.ts';

/** What is no failure of ours stays what it is: a system error, an abort. */
export function told(thrown: unknown): unknown {
  if (!(thrown instanceof ConfigError)) return thrown;
  const faults = thrown.faults.map(({ line, column, ...fault }) => ({
    ...fault,
    line: line === 0 ? undefined : line,
    column: column === 0 ? undefined : column,
  }));
  return new BearerwayError('config_invalid', thrown.message, { faults });
}

const known: readonly ErrorCode[] = [
  'token_unavailable',
  'token_refused',
  'token_invalid',
  'request_timeout',
  'upstream_invalid',
  'upstream_reset',
  'upstream_timeout',
];

/** Its detail is meant to be shown; its causes are not. */
export function toldFailure({ code, detail, retryAfterMs }: Failure): BearerwayError {
  const told = known.find((each) => each === code) ?? 'internal_error';
  return new BearerwayError(told, detail, { retryAfterMs });
}

/** When a token is none any more; undefined: it does not expire. */
export function expiryOf({ requestedAtMs, lifetimeMs }: Token, clock: Clock): Date | undefined {
  if (!Number.isFinite(lifetimeMs)) return undefined;
  return new Date(clock.wallMs() + requestedAtMs + lifetimeMs - clock.monotonicMs());
}
