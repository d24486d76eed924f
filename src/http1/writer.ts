import type { Socket } from 'node:net';
import { atEndOfTurn, type Flushable } from './turn.ts';

/** Longer ones are not copied together. Bytes. */
const SMALL = 8192;

/** Writes to a socket once a turn: a head and its body in two writes would cost a quarter more. */
export class Writer implements Flushable {
  readonly #socket: Socket;
  #text = '';
  /** A small chunk that nothing stands in front of: it goes out as it is, unless something follows in this turn. */
  #alone: Buffer | undefined;
  #corked = false;
  #scheduled = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes spelt as latin1. */
  text(text: string): void {
    this.#join();
    this.#text += text;
    this.#schedule();
  }

  /**
   * `out` is called when the system has the chunk, or a copy was made of it: nobody reads it any more. Never when it did
   * not go out, nor for a small one that goes out as it is.
   */
  bytes(chunk: Buffer, out?: (chunk: Buffer) => void): void {
    if (chunk.length <= SMALL && !this.#corked) {
      if (this.#copied(chunk)) out?.(chunk);
      if (this.#text.length > SMALL) this.#pass();
      else this.#schedule();
      return;
    }
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
    }
    this.#pass();
    if (this.#socket.writable) {
      if (out === undefined) this.#socket.write(chunk);
      else this.#socket.write(chunk, (error) => error ?? out(chunk));
    }
    this.#schedule();
  }

  /** False: nothing more should be written before the socket says `drain`. What is large goes out first, and often at once. */
  get ready(): boolean {
    if (this.#corked) this.flush();
    return this.#socket.writableLength < this.#socket.writableHighWaterMark;
  }

  /** Nothing goes out before the `flush` that follows in this turn. */
  hold(): void {
    this.#scheduled = true;
  }

  /** Everything goes out now. */
  flush(): void {
    this.#scheduled = false;
    this.#pass();
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
  }

  /** False: it stands alone. */
  #copied(chunk: Buffer): boolean {
    this.#join();
    if (this.#text === '') {
      this.#alone = chunk;
      return false;
    }
    this.#text += chunk.toString('latin1');
    return true;
  }

  #join(): void {
    if (this.#alone === undefined) return;
    this.#text = this.#alone.toString('latin1');
    this.#alone = undefined;
  }

  #pass(): void {
    const alone = this.#alone;
    this.#alone = undefined;
    if (alone !== undefined && this.#socket.writable) this.#socket.write(alone);
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    if (this.#socket.writable) this.#socket.write(text, 'latin1');
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    atEndOfTurn(this);
  }
}
