import type { Random } from '../../support/random.ts';

interface Action {
  readonly run: () => void;
  readonly ready: () => boolean;
}

/** Does one thing after the other, each when its turn comes. */
export class Actor {
  readonly #actions: Action[] = [];

  does(run: () => void, ready = (): boolean => true): void {
    this.#actions.push({ run, ready });
  }

  /** What it would still have done it does not. */
  leave(): void {
    this.#actions.length = 0;
  }

  get ready(): boolean {
    return this.#actions[0]?.ready() === true;
  }

  act(): void {
    this.#actions.shift()?.run();
  }
}

/** Lets actors act in a random order, on real sockets: between two actions there may be turns of the event loop. */
export class Schedule {
  readonly random: Random;
  readonly #actors: Actor[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  actor(): Actor {
    const actor = new Actor();
    this.#actors.push(actor);
    return actor;
  }

  /** Until nobody has had anything to do for so many turns, or it holds. */
  async play(quiet: number, holds = (): boolean => false): Promise<void> {
    for (let idle = 0; idle < quiet && !holds(); idle += 1) {
      const ready = this.#actors.filter((actor) => actor.ready);
      if (ready.length > 0) {
        ready[this.random(ready.length)]?.act();
        idle = 0;
      }
      for (let turns = ready.length > 0 ? this.random(3) : 1; turns > 0; turns -= 1) await turn();
    }
  }
}

export function turn(): Promise<void> {
  return new Promise((next) => setImmediate(next));
}
