import type { Clock } from '../clock.ts';
import type { Egress } from '../egress.ts';
import type { Failure } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type { StopSignal } from '../stop.ts';

/** An access token and its times. Two of them are the same token only if they are the same object. */
export interface Token {
  readonly value: Secret;
  /** Milliseconds, monotonic: when the request for it began. Its lifetime is counted from here. */
  readonly requestedAtMs: number;
  /** The same moment on the wall clock. */
  readonly requestedAtWallMs: number;
  /** Milliseconds; more than nothing. Infinity: it does not expire, which only a given token may do. */
  readonly lifetimeMs: number;
  /** Milliseconds after the request from which on it is to be renewed. */
  readonly staleAfterMs: number;
}

/** `fresh`: use it. `stale`: use it and renew it in the background. `expired`: never send it. */
export type TokenState = 'fresh' | 'stale' | 'expired';

/** So far may the wall clock run ahead before we believe that the machine slept while the monotonic clock stood. */
const SLEPT_MS = 30_000;

export function tokenState(token: Token, clock: Clock, nowMs = clock.monotonicMs()): TokenState {
  const ageMs = nowMs - token.requestedAtMs;
  if (ageMs >= token.lifetimeMs) return 'expired';
  const aheadMs = clock.wallMs() - token.requestedAtWallMs - ageMs;
  return ageMs >= token.staleAfterMs || aheadMs > SLEPT_MS ? 'stale' : 'fresh';
}

/** Where tokens come from, as those see it who use them. */
export interface TokenSource {
  /** A token that may be sent, from memory: no I/O, no waiting. */
  current(): Token | undefined;
  /**
   * A token that may be sent, new if need be. Rejects with a Failure (`token_unavailable`, `token_refused`,
   * `token_invalid`), or with the signal's reason; the signal ends only this waiting, never the token request.
   */
  get(signal: StopSignal): Promise<Token>;
  /** A token other than the refused one: requested only if the refused one is still the current one. Rejects as `get`. */
  renew(refused: Token, signal: StopSignal): Promise<Token>;
}

/** Hears how each token request ended, and of a failure in how many milliseconds the next may follow. Must not throw. */
export type TokenListener = (outcome: Token | Failure, retryAfterMs?: number) => void;

/** A source as those see it who look after it. */
export interface KeptSource extends TokenSource {
  readonly credential: string;
  /** The token that was got last, expired or not. */
  readonly latest: Token | undefined;
  /** Nobody has asked for its token for so long that it is not renewed before somebody does. */
  readonly resting: boolean;
  /** What failed last; undefined once something succeeded. */
  readonly failure: Failure | undefined;
  /** A token request is under way. */
  readonly renewing: boolean;
  /** It is so because an API refused the latest token. */
  readonly refused: boolean;
  /** The remembered token, if it may be sent; does not count as a use. */
  usable(): Token | undefined;
  /** A new token in the place of the one remembered, also while backing off; joins a token request under way. Rejects as `get`. */
  replace(signal: StopSignal): Promise<Token>;
  /** Returns what ends it. */
  listen(listener: TokenListener): () => void;
  /** `begun` hears of each token request, as it begins. Must not throw. */
  listenToRequests(begun: () => void): void;
}

/** Gets a new token from wherever this kind of credential gets it. Rejects with a Failure. */
export type RequestToken = () => Promise<Token>;

/** An answer of a token endpoint as it came. Its body may hold a token. */
export interface HeardAnswer {
  readonly status: number;
  readonly date: string | undefined;
  readonly body: string;
}

/** Where the tokens of one credential come from: a file of `auth/` for each kind of credential. */
export interface TokenSupply {
  readonly requestToken: RequestToken;
  /** Whether what is shown for a token is something else now than was shown last; undefined when it stays the same for ever. */
  readonly secretChanged: (() => Promise<boolean>) | undefined;
  /** Drops its connections. */
  close(): Promise<void>;
}

export interface TokenSupplyContext {
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Never the same twice. */
  readonly newId: () => string;
  /** The environment of this process, for programs that it starts. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The way out to token endpoints. Left out: straight there. */
  readonly egress?: Egress;
  /** Hears what is odd but can be lived with. */
  readonly warn: (message: string) => void;
  /** Hears each answer of a token endpoint, before anything is made of it: for those who explain what failed. */
  readonly heard?: (answer: HeardAnswer) => void;
}
