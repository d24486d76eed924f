/** Who listens to which event. What a listener throws is nobody's who caused the event. */
export class Listeners<Events> {
  readonly #all = new Map<keyof Events, Set<(told: never) => void>>();

  add<Name extends keyof Events>(name: Name, listener: (told: Events[Name]) => void): void {
    const those = this.#all.get(name) ?? new Set();
    this.#all.set(name, those.add(listener));
  }

  remove<Name extends keyof Events>(name: Name, listener: (told: Events[Name]) => void): void {
    this.#all.get(name)?.delete(listener);
  }

  tell<Name extends keyof Events>(name: Name, told: Events[Name]): void {
    for (const listener of this.#all.get(name) ?? []) {
      try {
        // They were added under this name.
        listener(told as never);
      } catch (error) {
        // As it is with an EventTarget: an uncaught exception, and the request goes on.
        process.nextTick(() => {
          throw error;
        });
      }
    }
  }

  has(name: keyof Events): boolean {
    return (this.#all.get(name)?.size ?? 0) > 0;
  }
}
