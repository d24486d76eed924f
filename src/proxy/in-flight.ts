/** How many requests are under way, whichever config they came under. */
export class InFlight {
  #count = 0;

  get count(): number {
    return this.#count;
  }

  began(): void {
    this.#count += 1;
  }

  ended(): void {
    this.#count -= 1;
  }
}
