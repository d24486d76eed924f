import type { Socket } from 'node:net';

/** Places for connections. Listeners that share them have no more between them. */
export class Places {
  readonly #most: number;
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Whether there is one; it is free again when the connection is closed. */
  take(socket: Socket): boolean {
    if (this.#taken >= this.#most) return false;
    this.#taken += 1;
    socket.once('close', () => {
      this.#taken -= 1;
    });
    return true;
  }
}
