import { Socket } from 'node:net';
import type { FromWorker, ToWorker } from '../worker-messages.ts';

/** The end of the channel that a worker has. */
export type ChannelEnd = Pick<NodeJS.Process, 'send' | 'connected' | 'on'>;

export interface ChannelUser {
  /** `socket`: the connection that came with it. */
  message(message: ToWorker, socket: Socket | undefined): void;
  /** The other end is closed. */
  closed(): void;
}

/** A worker's way to the first process. What comes before anybody wants it is kept. */
export class WorkerChannel {
  readonly #process: ChannelEnd;
  #user: ChannelUser | undefined;
  #kept: (() => void)[] = [];

  constructor(process: ChannelEnd) {
    this.#process = process;
    process.on('message', (message: ToWorker, socket: unknown) =>
      this.#pass((user) => user.message(message, socket instanceof Socket ? socket : undefined)),
    );
    const closed = (): void => this.#pass((user) => user.closed());
    if (process.connected) process.on('disconnect', closed);
    else closed();
  }

  /** A process that has gone hears nothing; that it has gone is told. */
  tell(message: FromWorker): void {
    void this.told(message);
  }

  /** Resolves when it is on its way, or cannot be. */
  told(message: FromWorker): Promise<void> {
    return new Promise((resolve) => {
      if (this.#process.connected) this.#process.send?.(message, undefined, undefined, () => resolve());
      else resolve();
    });
  }

  /** From now on that one hears all; undefined: nobody, for the time being. */
  use(user: ChannelUser | undefined): void {
    this.#user = user;
    while (this.#user !== undefined) {
      const next = this.#kept.shift();
      if (next === undefined) return;
      next();
    }
  }

  #pass(tell: (user: ChannelUser) => void): void {
    const pass = (): void => {
      if (this.#user !== undefined) tell(this.#user);
    };
    if (this.#user !== undefined) pass();
    else this.#kept.push(pass);
  }
}
