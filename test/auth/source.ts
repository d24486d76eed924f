import { Backoff } from '../../src/auth/backoff.ts';
import { CachedSource } from '../../src/auth/cached-source.ts';
import { memoryStore } from '../../src/auth/store/memory.ts';
import type { Token } from '../../src/auth/token.ts';
import { Failure, type FailureCode, type FailureOptions } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { MovedClock } from '../support/clock.ts';

interface Flight {
  readonly number: number;
  readonly beganAtMs: number;
  readonly beganAtWallMs: number;
  readonly resolve: (token: Token) => void;
  readonly reject: (failure: unknown) => void;
}

interface Times {
  readonly lifetimeMs?: number;
  readonly staleAfterMs?: number;
}

/** A source on a clock that is moved, whose token requests end when the test says so. */
export class TestedSource {
  readonly clock = new MovedClock();
  readonly backoff: Backoff;
  readonly source: CachedSource;
  /** Token requests so far. */
  requests = 0;
  mostAtOnce = 0;
  #flights: Flight[] = [];

  /** `random`: what all jitter is made of. */
  constructor(random = 1) {
    this.backoff = new Backoff(this.clock, () => random);
    this.source = new CachedSource({
      credential: 'main',
      requestToken: () => this.#request(),
      place: memoryStore().place(),
      backoff: this.backoff,
      clock: this.clock,
    });
  }

  get underWay(): number {
    return this.#flights.length;
  }

  /** The token request under way gets `token-N`, N its number; by default it lives 100 s and is stale after 80. `before` anybody else, the caller hears of it. */
  async answer(
    { lifetimeMs = 100_000, staleAfterMs }: Times = {},
    before: (token: Token) => void = () => {},
  ): Promise<Token> {
    const { number, beganAtMs, beganAtWallMs, resolve } = this.#landing();
    const token: Token = {
      value: new Secret(`token-${number}`),
      requestedAtMs: beganAtMs,
      requestedAtWallMs: beganAtWallMs,
      lifetimeMs,
      staleAfterMs: staleAfterMs ?? lifetimeMs * 0.8,
    };
    before(token);
    resolve(token);
    await settled();
    return token;
  }

  async fail(code: FailureCode = 'token_unavailable', options: FailureOptions = {}): Promise<void> {
    this.#landing().reject(new Failure(code, 'it failed', options));
    await settled();
  }

  /** Asks for a token as a request does that nobody leaves. */
  get(): Promise<Token> {
    return this.source.get(AbortSignal.any([]));
  }

  renew(refused: Token): Promise<Token> {
    return this.source.renew(refused, AbortSignal.any([]));
  }

  /** A token that came at once. */
  async first(times: Times = {}): Promise<Token> {
    const got = this.get();
    await this.answer(times);
    return await got;
  }

  #landing(): Flight {
    const flight = this.#flights.shift();
    if (flight === undefined) throw new Error('no token request is under way');
    return flight;
  }

  #request(): Promise<Token> {
    this.requests += 1;
    const { promise, resolve, reject } = Promise.withResolvers<Token>();
    this.#flights.push({
      number: this.requests,
      beganAtMs: this.clock.monotonicMs(),
      beganAtWallMs: this.clock.wallMs(),
      resolve,
      reject,
    });
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#flights.length);
    return promise;
  }
}

/** Resolves when everything has happened that was only waiting for its turn. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The code a promise is rejected with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
  throw new Error('it did not fail');
}
