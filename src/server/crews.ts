import type { Socket } from 'node:net';
import type { Crew } from './crew.ts';

/** The crew that connections are given to, one that is to follow it, and those before it that have not finished. */
export class Crews {
  readonly #all = new Set<Crew>();
  #current: Crew | undefined;
  #next: Crew | undefined;

  /** The one that is to follow, if there is one. */
  get newest(): Crew | undefined {
    return this.#next ?? this.#current;
  }

  get areReady(): boolean {
    return this.#current !== undefined && this.#current.ready > 0;
  }

  /** It is to follow. */
  add(crew: Crew): void {
    this.#all.add(crew);
    this.#next = crew;
  }

  /** It has the connections that come from now on. */
  use(crew: Crew): void {
    this.#current = crew;
    this.#next = undefined;
  }

  /** `crew`: the newest when the place was taken that it came to, and the only one that knows it until it is in use. */
  take(socket: Socket, crew: Crew | undefined): void {
    const taker = crew !== undefined && crew === this.#next ? crew : (this.#current ?? crew);
    taker?.take(socket);
  }

  /** Finishes what it has, each connection behind its next answer; another is in use. Resolves when it has. */
  async retire(crew: Crew): Promise<void> {
    this.#passOn(crew);
    await crew.retire();
    this.#all.delete(crew);
  }

  /** Ends one at once, if it has not ended. */
  async drop(crew: Crew): Promise<void> {
    if (this.#next === crew) this.#next = undefined;
    if (this.#current !== crew) this.#passOn(crew);
    await crew.kill();
    this.#all.delete(crew);
  }

  /** Connections that wait there wait for the one in use. */
  #passOn(crew: Crew): void {
    for (const socket of crew.giveBack()) this.#current?.take(socket);
  }

  drain(): void {
    for (const crew of this.#all) crew.drain();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#all].map((crew) => crew.stop()));
  }

  cut(): void {
    for (const crew of this.#all) crew.cut();
  }
}
