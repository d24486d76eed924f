import type { Socket } from 'node:net';
import { answersShare, type BodyReader } from './read-share.ts';

/** Whether answers are read: not while the client takes nothing, nor while it is others' turn. */
export class Intake implements BodyReader {
  readonly #socket: Socket;
  #isHeld = false;
  #awaitsTurn = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** More may be read at once. */
  get isOpen(): boolean {
    return !this.#isHeld && !this.#awaitsTurn;
  }

  /** So many bytes of an answer were read. */
  count(length: number): void {
    this.#awaitsTurn = !answersShare.mayReadOn(this, length);
  }

  /** The client takes nothing at the moment. */
  hold(): void {
    this.#isHeld = true;
  }

  /** The client takes bytes again. False: it always did. */
  release(): boolean {
    if (!this.#isHeld) return false;
    this.#isHeld = false;
    this.#awaitsTurn = !answersShare.mayReadAgain(this);
    if (!this.#awaitsTurn) this.#socket.resume();
    return true;
  }

  readOn(): void {
    this.#awaitsTurn = false;
    if (!this.#isHeld) this.#socket.resume();
  }

  /** No client is waited for any more. */
  free(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#socket.resume();
  }
}
