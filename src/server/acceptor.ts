/** Accepts connections for others to serve, and reads nothing of them. */
import { createServer, type Server, type Socket } from 'node:net';
import { type ListenPlace, listenAt, waitingTaken } from '../http1/listening.ts';
import type { FreeListener } from './bind.ts';

export class Acceptor implements FreeListener {
  readonly #server: Server;
  readonly #at: ListenPlace;
  #taken = 0;

  constructor(at: ListenPlace, take: (socket: Socket) => void) {
    this.#at = at;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
      this.#taken += 1;
      take(socket);
    });
  }

  listen(): Promise<number | undefined> {
    return listenAt(this.#server, this.#at);
  }

  takeWaiting(): Promise<void> {
    return waitingTaken(() => this.#taken);
  }

  /** Its connections are with those who serve them, and who have their terms. */
  become(): void {}

  drain(): void {}

  cut(): void {}

  /** Does not wait for connections, as `close` would that asks whoever was given one. */
  async stop(): Promise<void> {
    this.#server.close();
  }
}
