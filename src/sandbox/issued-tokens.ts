import type { Clock } from '../clock.ts';

interface IssuedToken {
  /** 1 for the provider's first. */
  readonly number: number;
  readonly expiresAtMs: number;
}

/** The tokens of one provider: each is current from its issue to its expiry or revocation, beside the others. */
export class IssuedTokens {
  readonly #clock: Clock;
  readonly #remembered = new Map<string, IssuedToken>();
  #issued = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many were issued, ever. */
  get issued(): number {
    return this.#issued;
  }

  issue(text: string, lifetimeMs: number): void {
    this.#forgetExpired();
    this.#issued += 1;
    this.#remembered.set(text, { number: this.#issued, expiresAtMs: this.#clock.monotonicMs() + lifetimeMs });
  }

  /** Which one it is, if it is current. */
  numberOf(text: string): number | undefined {
    const token = this.#remembered.get(text);
    return token !== undefined && this.#isCurrent(token) ? token.number : undefined;
  }

  revokeAll(): void {
    this.#remembered.clear();
  }

  /** Stops at the first one that is current: lifetimes seldom differ, and an issue must not cost a walk over all. */
  #forgetExpired(): void {
    for (const [text, token] of this.#remembered) {
      if (this.#isCurrent(token)) return;
      this.#remembered.delete(text);
    }
  }

  #isCurrent(token: IssuedToken): boolean {
    return this.#clock.monotonicMs() < token.expiresAtMs;
  }
}
