/** What ends. */
interface Closeable {
  close(): Promise<void>;
}

/** Something that several generations use: closed when the last of them lets it go. */
export class Shared<T extends Closeable> {
  readonly value: T;
  #users = 0;

  constructor(value: T) {
    this.value = value;
  }

  use(): this {
    this.#users += 1;
    return this;
  }

  /** Once for each `use`. */
  async letGo(): Promise<void> {
    this.#users -= 1;
    if (this.#users === 0) await this.value.close();
  }
}
