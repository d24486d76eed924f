/** How long a token lives: never for ever, and never so short that getting tokens becomes a loop. */

import { jwtTimes } from './jwt-times.ts';

export interface LifetimeOptions {
  readonly response: {
    readonly expiresIn: readonly string[];
    readonly expiresInUnit: 's' | 'ms';
    readonly expiresAt?: readonly string[] | undefined;
  };
  /** Milliseconds. */
  readonly lifetime: { readonly default: number; readonly max: number; readonly refreshBefore: number };
}

/** What of them the reckoning needs, once the members of an answer are found. */
export interface LifetimeRules extends Pick<LifetimeOptions, 'lifetime'> {
  readonly response: Pick<LifetimeOptions['response'], 'expiresInUnit'>;
}

/** What an answer says of it. */
export interface LifetimeClaims {
  readonly expiresIn: unknown;
  readonly expiresAt: unknown;
  readonly accessToken: string;
  /** When the answer was made, wall clock. */
  readonly dateMs: number;
}

const SHORTEST_MS = 1000;

/** Milliseconds. What was claimed, else the JWT's own `exp`, else the default; a second at least, the maximum at most. */
export function lifetimeOf(
  claims: LifetimeClaims,
  { response, lifetime }: LifetimeRules,
  warn: (message: string) => void,
): number {
  const claimedMs =
    absolute(claims.expiresAt, claims.dateMs) ??
    relative(claims.expiresIn, response.expiresInUnit) ??
    fromJwt(claims.accessToken, claims.dateMs) ??
    lifetime.default;
  if (claimedMs <= 0) warn('a token came that is said to have expired already; it is used for one second');
  return Math.max(SHORTEST_MS, Math.min(claimedMs, lifetime.max));
}

/** A number, or digits in a text, fractions too. */
function relative(claim: unknown, unit: 's' | 'ms'): number | undefined {
  const amount = typeof claim === 'string' && /^-?\d+(\.\d+)?$/.test(claim.trim()) ? Number(claim) : claim;
  if (typeof amount !== 'number' || Number.isNaN(amount)) return undefined;
  return unit === 's' ? amount * 1000 : amount;
}

/** Epoch seconds, epoch milliseconds or RFC 3339. Seconds reach this number in the year 5138. */
const FEWEST_EPOCH_MS = 1e11;
/** Date.parse makes a date of nearly anything, and takes one without an offset for this machine's own time. */
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function absolute(claim: unknown, dateMs: number): number | undefined {
  if (claim === undefined || claim === null) return undefined;
  const number = typeof claim === 'string' && /^\d+(\.\d+)?$/.test(claim) ? Number(claim) : claim;
  if (typeof number === 'number') return (number < FEWEST_EPOCH_MS ? number * 1000 : number) - dateMs;
  const parsed = typeof claim === 'string' && RFC_3339.test(claim) ? Date.parse(claim) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : parsed - dateMs;
}

/** `exp − iat` of a JWT, or `exp` less the answer's date; one in the past counts as absent. */
function fromJwt(accessToken: string, dateMs: number): number | undefined {
  const { iat, exp } = jwtTimes(accessToken);
  if (exp === undefined) return undefined;
  const lifetimeMs = iat === undefined ? exp * 1000 - dateMs : (exp - iat) * 1000;
  return lifetimeMs > 0 ? lifetimeMs : undefined;
}
