import { Secret } from '../secret.ts';
import type { Token } from './token.ts';

/** When a request for a token began. */
export interface RequestMoment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export interface IssueContext {
  readonly began: RequestMoment;
  readonly random: () => number;
  /** Milliseconds. */
  readonly lifetime: { readonly refreshBefore: number };
}

/** A token that lives so long from the start of its request, and is to be renewed ahead of that. */
export function issuedToken(value: string, lifetimeMs: number, { began, random, lifetime }: IssueContext): Token {
  const aheadMs = Math.min(lifetime.refreshBefore, lifetimeMs / 5);
  return {
    value: new Secret(value),
    requestedAtMs: began.monotonicMs,
    requestedAtWallMs: began.wallMs,
    lifetimeMs,
    // Jitter: many proxies that got their tokens together do not come back together.
    staleAfterMs: lifetimeMs - aheadMs * (1 - random() / 5),
  };
}
