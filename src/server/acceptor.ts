/** Accepts connections for others to serve, and reads nothing of them. */
import { createServer, type Server, type Socket } from 'node:net';
import type { ListenPlace } from '../http1/server.ts';
import type { FreeListener } from './bind.ts';

export class Acceptor implements FreeListener {
  readonly #server: Server;
  readonly #at: ListenPlace;

  constructor(at: ListenPlace, take: (socket: Socket) => void) {
    this.#at = at;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, take);
  }

  listen(): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ ...this.#at, exclusive: true }, () => {
        this.#server.off('error', reject);
        // When no more sockets can be had, those that wait are taken up as others close.
        this.#server.on('error', () => {});
        const address = this.#server.address();
        resolve(typeof address === 'string' ? undefined : address?.port);
      });
    });
  }

  /** Its connections are with those who serve them. */
  drain(): void {}

  cut(): void {}

  /** Does not wait for connections, as `close` would that asks whoever was given one. */
  async stop(): Promise<void> {
    this.#server.close();
  }
}
