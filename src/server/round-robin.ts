import type { Socket } from 'node:net';

/** Can be given connections, one at a time. */
export interface Taker {
  /** Calls back when it has the connection, or could not take it; never if it dies before. */
  hand(socket: Socket, handed: () => void): void;
}

/** Connections that wait for a taker; what comes on top is closed. */
const MOST_WAITING = 1024;

/** Gives each connection to the taker that has been free for longest. One that does not answer is given no other. */
export class RoundRobin {
  #free: Taker[] = [];
  #waiting: Socket[] = [];
  readonly #handing = new Map<Taker, Socket>();
  #emptied = (): void => {};

  join(taker: Taker): void {
    this.#free.push(taker);
    this.#advance();
  }

  /** What was on its way to it had not come: nobody has read of it, and another gets it. */
  leave(taker: Taker): void {
    this.#free = this.#free.filter((each) => each !== taker);
    const socket = this.#handing.get(taker);
    this.#handing.delete(taker);
    if (socket !== undefined) this.#waiting.unshift(socket);
    this.#advance();
  }

  /** Of such a connection nothing has been read. */
  take(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#waiting.length >= MOST_WAITING) socket.destroy();
    else this.#waiting.push(socket);
    this.#advance();
  }

  /** Resolves when no connection waits that has not been given to somebody. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#emptied = resolve;
      this.#advance();
    });
  }

  /** Those that wait; they wait here no more. */
  giveBack(): Socket[] {
    const sockets = this.#waiting.splice(0);
    this.#advance();
    return sockets;
  }

  /** Closes those that wait. */
  drop(): void {
    for (const socket of this.giveBack()) socket.destroy();
  }

  #advance(): void {
    while (this.#waiting.length > 0) {
      const taker = this.#free.shift();
      if (taker === undefined) return;
      const socket = this.#waiting.shift();
      if (socket !== undefined) this.#hand(taker, socket);
    }
    this.#emptied();
  }

  #hand(taker: Taker, socket: Socket): void {
    this.#handing.set(taker, socket);
    taker.hand(socket, () => {
      if (this.#handing.get(taker) !== socket) return;
      this.#handing.delete(taker);
      // Ours is a copy: that of the taker stays open.
      socket.destroy();
      this.join(taker);
    });
  }
}
