/** Values by prefixes of whole segments. The cost of a search does not grow with their number. */
export class PrefixMap<T> {
  readonly #values = new Map<string, T>();
  #longest = 0;

  /** `prefix`: `''` or `/` for every path, or `/…` without a slash at its end. The first of two that are the same is kept. */
  add(prefix: string, value: T): void {
    const key = prefix || '/';
    if (!this.#values.has(key)) this.#values.set(key, value);
    this.#longest = Math.max(this.#longest, key.length);
  }

  /** The value of the longest prefix. */
  find(path: string): T | undefined {
    const longest = path.length <= this.#longest ? path.length : path.lastIndexOf('/', this.#longest);
    for (let end = longest; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const value = this.#values.get(path.slice(0, end));
      if (value !== undefined) return value;
    }
    return this.#values.get('/');
  }
}
