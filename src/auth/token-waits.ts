import { Failure } from '../errors.ts';

/**
 * Requests that wait for tokens, whichever they are: some of those under way, and never so many that a token endpoint that
 * hangs takes the room of all.
 */
export class TokenWaits {
  /** So many at once. */
  most: number;
  #count = 0;

  constructor(most: number) {
    this.most = most;
  }

  /** Rejects as `wait`, or with `overloaded`: then it was not begun. */
  async for<T>(wait: () => Promise<T>): Promise<T> {
    if (this.#count >= this.most)
      throw new Failure('overloaded', 'too many requests wait for tokens', { retryAfterMs: 1000 });
    this.#count += 1;
    try {
      return await wait();
    } finally {
      this.#count -= 1;
    }
  }
}
