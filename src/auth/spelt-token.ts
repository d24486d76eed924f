import { Failure, reason } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { SpeltFailure, SpeltToken } from '../worker-messages.ts';
import type { Token } from './token.ts';

/** For JSON, which makes null of what never ends. */
export function spellToken({ value, ...times }: Token, number: number): SpeltToken {
  return { number, value: value.reveal(), ...times };
}

export function readToken({ value, requestedAtMs, requestedAtWallMs, lifetimeMs, staleAfterMs }: SpeltToken): Token {
  return {
    value: new Secret(value),
    requestedAtMs,
    requestedAtWallMs,
    lifetimeMs: lifetimeMs ?? Number.POSITIVE_INFINITY,
    staleAfterMs: staleAfterMs ?? Number.POSITIVE_INFINITY,
  };
}

export function spellFailure(failure: Failure): SpeltFailure {
  const { code, detail, retryAfterMs } = failure;
  // Behind the detail and a colon stands what only the log tells.
  const cause = reason(failure).slice(detail.length + 2);
  return { code, detail, retryAfterMs, ...(cause !== '' && { cause }) };
}

export function readFailure({ code, detail, retryAfterMs, cause }: SpeltFailure): Failure {
  return new Failure(code, detail, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(cause !== undefined && { cause: new Error(cause) }),
  });
}
