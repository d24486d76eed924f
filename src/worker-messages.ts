/** What the first process and its workers say to one another, over a channel that nobody else has an end of. */
import type { FailureCode } from './errors.ts';

/** A token on its way to a worker. Times as in memory: all processes of a machine count from the same moment. */
export interface SpeltToken {
  /** Counted up by the first process: a higher one is newer. */
  readonly number: number;
  readonly value: string;
  readonly requestedAtMs: number;
  readonly requestedAtWallMs: number;
  /** Null: it does not expire. */
  readonly lifetimeMs: number | null;
  readonly staleAfterMs: number | null;
}

export interface SpeltFailure {
  readonly code: FailureCode;
  readonly detail: string;
  readonly retryAfterMs?: number | undefined;
  /** For the log only. */
  readonly cause?: string | undefined;
}

/** What workers tell and ask about tokens. */
export type TokenQuestion =
  /** For a token other than the refused one, if one was refused. */
  | { readonly kind: 'ask'; readonly id: number; readonly credential: string; readonly refused: number | null }
  | { readonly kind: 'used'; readonly credential: string };

/** What workers hear about tokens. */
export type TokenNews =
  | { readonly kind: 'token'; readonly credential: string; readonly token: SpeltToken }
  | { readonly kind: 'answer'; readonly id: number; readonly token: SpeltToken }
  | { readonly kind: 'answer'; readonly id: number; readonly failure: SpeltFailure };

export type ToWorker =
  | TokenNews
  /** The first; nothing is served before it. */
  | {
      readonly kind: 'start';
      /** app/worker-config.ts says in which words. */
      readonly config: object;
      readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
      readonly hopId: string;
    }
  /** Comes with a socket. */
  | { readonly kind: 'connection' }
  /** Nothing but proof that what was sent before has arrived. */
  | { readonly kind: 'behind' }
  | { readonly kind: 'alive' }
  /** It is to report at once, with that number. */
  | { readonly kind: 'report'; readonly id: number }
  /** Whether somebody wants to see requests as they end. */
  | { readonly kind: 'watched'; readonly isWatched: boolean }
  /** Others take the connections that come: it ends those that it has behind their next answers. */
  | { readonly kind: 'retire' }
  /** As those of a listener, at the end of the whole proxy. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'cut' };

export type FromWorker =
  | TokenQuestion
  /** What it has done; app/work-report.ts says in which words. `answers`: the number of who asked for it, if somebody did. */
  | { readonly kind: 'report'; readonly report: object; readonly answers: number | null }
  /** The answer to the same. */
  | { readonly kind: 'alive' }
  /** It serves from now on. */
  | { readonly kind: 'ready' }
  /** It cannot serve, and ends. */
  | { readonly kind: 'failed'; readonly reason: string };
