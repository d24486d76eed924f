import type { Handler } from '../exchange.ts';
import type { Generation } from './generation.ts';

/** The generation that requests are handed to, and those before it that have not finished theirs. */
export class Generations {
  #current: Generation;
  readonly #old = new Set<Generation>();

  constructor(first: Generation) {
    this.#current = first;
  }

  get current(): Generation {
    return this.#current;
  }

  /** That of whichever is the current one when a request comes. */
  readonly handler: Handler = {
    serve: (request, answer, signal) => this.#current.handler.serve(request, answer, signal),
    refuse: (failure, asked, answer) => this.#current.handler.refuse(failure, asked, answer),
  };

  /** From the next request on; the one before ends when its last request has. */
  replaceBy(next: Generation): void {
    const old = this.#current;
    this.#current = next;
    next.start();
    old.retire(next);
    this.#old.add(old);
    void old.finished().then(async () => {
      await old.close();
      this.#old.delete(old);
    });
  }

  /** Breaks off whatever is under way. */
  async close(): Promise<void> {
    await Promise.all([this.#current, ...this.#old].map((each) => each.close()));
  }
}
