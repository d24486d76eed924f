import type { Socket } from 'node:net';

/** What has a place. */
export interface Lodger {
  /** Ends, unless something is under way on it; false: it does not. */
  giveWay(): boolean;
}

/** Places for connections. Listeners that share them have no more between them. */
export class Places {
  readonly #most: number;
  /** Those of whom one may have to give way, the longest without a request first. Undefined: none has to. */
  readonly #resting: Set<Lodger> | undefined;
  #taken = 0;

  /** `idleGiveWay`: when there is no place left, who comes gets that of a connection without a request. */
  constructor(most: number, { idleGiveWay = false } = {}) {
    this.#most = most;
    this.#resting = idleGiveWay ? new Set() : undefined;
  }

  /** Whether there is one; it is free again when the connection is closed. */
  take(socket: Socket): boolean {
    if (this.#taken >= this.#most && !this.#makeRoom()) return false;
    this.#taken += 1;
    socket.once('close', () => {
      this.#taken -= 1;
    });
    return true;
  }

  /** From now on it waits for its next request. */
  rests(lodger: Lodger): void {
    this.#resting?.delete(lodger);
    this.#resting?.add(lodger);
  }

  left(lodger: Lodger): void {
    this.#resting?.delete(lodger);
  }

  #makeRoom(): boolean {
    for (const lodger of this.#resting ?? []) if (lodger.giveWay()) return true;
    return false;
  }
}
