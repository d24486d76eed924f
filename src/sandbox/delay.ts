import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';

/** How long a provider's answers are held back. */
export class Delay {
  readonly #clock: Clock;
  readonly #held = new Set<() => void>();
  #ms = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get ms(): number {
    return this.#ms;
  }

  /** For answers from now on; none at all lets go those that are held, too. */
  set(ms: number): void {
    this.#ms = ms;
    if (ms > 0) return;
    for (const letGo of [...this.#held]) letGo();
  }

  /** Resolves when the answer may go out. Rejects when nobody waits for it any more. */
  async over(response: ServerResponse): Promise<void> {
    if (this.#ms > 0 && !response.req.socket.destroyed) await this.#hold(response);
    if (response.req.socket.destroyed) throw new Error('the client has left');
  }

  #hold(response: ServerResponse): Promise<void> {
    return new Promise((resolve) => {
      const letGo = () => {
        cancel();
        response.off('close', letGo);
        this.#held.delete(letGo);
        resolve();
      };
      const cancel = this.#clock.after(this.#ms, letGo);
      response.once('close', letGo);
      this.#held.add(letGo);
    });
  }
}
