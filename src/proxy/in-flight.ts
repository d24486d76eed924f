/** How many requests are under way: of all, or of some that are counted among all. */
export class InFlight {
  readonly #all: InFlight | undefined;
  #count = 0;
  #awaited: (() => void)[] = [];

  /** `all`: those among which these are counted as well. */
  constructor(all?: InFlight) {
    this.#all = all;
  }

  get count(): number {
    return this.#count;
  }

  /** Of all. */
  get total(): number {
    return this.#all?.total ?? this.#count;
  }

  began(): void {
    this.#count += 1;
    this.#all?.began();
  }

  ended(): void {
    this.#count -= 1;
    this.#all?.ended();
    if (this.#count > 0) return;
    for (const resolve of this.#awaited.splice(0)) resolve();
  }

  /** Resolves as soon as there is none. */
  async none(): Promise<void> {
    if (this.#count > 0) await new Promise<void>((resolve) => this.#awaited.push(resolve));
  }
}
