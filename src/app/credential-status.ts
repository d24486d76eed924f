import { type KeptSource, type Token, type TokenState, tokenState } from '../auth/token.ts';
import type { Clock } from '../clock.ts';
import type { CredentialConfig } from '../config/schema.ts';
import { Failure, type FailureCode } from '../errors.ts';

/** How a credential is, for people. Never holds its token. */
export interface CredentialStatus {
  readonly name: string;
  readonly type: CredentialConfig['type'];
  readonly provider: string | null;
  readonly required: boolean;
  /**
   * Of its token; `none`: it has had none, and the first is on its way. `failing`: there is no usable one, and the last
   * attempt failed. `refused`: an API refused it, and another is on its way. `resting`: it has expired, and nobody
   * asked for another.
   */
  readonly state: TokenState | 'none' | 'failing' | 'refused' | 'resting';
  /** A token request is under way. */
  readonly renewing: boolean;
  /** Seconds since the latest token was asked for. */
  readonly ageS: number | null;
  /** Seconds; null: it does not expire, or there is none. */
  readonly lifetimeS: number | null;
  /** RFC 3339, as the next one. */
  readonly expiresAt: string | null;
  readonly lastRefreshAt: string | null;
  /** Since the start, or since the config of the credential changed. */
  readonly refreshes: number;
  readonly failures: number;
  /** Of the last attempt, if it failed. */
  readonly failure: { readonly code: FailureCode; readonly detail: string; readonly retryInS: number } | null;
}

/** Remembers how a credential fared. */
export class CredentialHistory {
  readonly #clock: Clock;
  #refreshes = 0;
  #failures = 0;
  #refreshedAtWallMs: number | undefined;
  #retryAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(outcome: Token | Failure, retryAfterMs = 0): void {
    if (outcome instanceof Failure) {
      this.#failures += 1;
      this.#retryAtMs = this.#clock.monotonicMs() + retryAfterMs;
    } else {
      this.#refreshes += 1;
      this.#refreshedAtWallMs = this.#clock.wallMs();
    }
  }

  status(source: KeptSource, given: CredentialConfig): CredentialStatus {
    const { latest, failure } = source;
    const nowMs = this.#clock.monotonicMs();
    const expires = latest !== undefined && Number.isFinite(latest.lifetimeMs);
    return {
      name: source.credential,
      type: given.type,
      provider: ('provider' in given ? given.provider : undefined) ?? null,
      required: given.required,
      state: stateOf(source, this.#clock),
      renewing: source.renewing,
      ageS: latest === undefined ? null : inS(nowMs - latest.requestedAtMs),
      lifetimeS: expires ? inS(latest.lifetimeMs) : null,
      expiresAt: expires ? date(latest.requestedAtWallMs + latest.lifetimeMs) : null,
      lastRefreshAt: date(this.#refreshedAtWallMs),
      refreshes: this.#refreshes,
      failures: this.#failures,
      failure: failure
        ? { code: failure.code, detail: failure.detail, retryInS: inS(Math.max(0, this.#retryAtMs - nowMs)) }
        : null,
    };
  }
}

function stateOf({ latest, failure, refused, resting }: KeptSource, clock: Clock): CredentialStatus['state'] {
  const state = latest === undefined ? 'none' : tokenState(latest, clock);
  if (refused) return 'refused';
  if (state === 'fresh' || state === 'stale') return state;
  if (failure !== undefined) return 'failing';
  return resting ? 'resting' : state;
}

/** Seconds, to a tenth. */
function inS(ms: number): number {
  return Math.round(ms / 100) / 10;
}

function date(wallMs: number | undefined): string | null {
  return wallMs === undefined ? null : new Date(wallMs).toISOString();
}
