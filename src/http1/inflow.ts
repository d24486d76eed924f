import type { Socket } from 'node:net';
import { type BodyReader, requestsShare } from './read-share.ts';
import { beginTurn, endTurn } from './turn.ts';

/** So much that came and cannot be used yet is held; then the client is held back. Bytes. */
const MOST_HELD = 65_536;

const nothing = Buffer.alloc(0);

/** Whom it comes to. */
export interface InflowUser {
  /** Takes what it can of what is held; false: what is left has to wait. */
  use(): boolean;
  /** Nothing more is to come for now. */
  readonly isBlocked: boolean;
}

/** What comes from a client: used at once as far as the state allows, held as long as it does not. */
export class Inflow implements BodyReader {
  readonly #socket: Socket;
  readonly #user: InflowUser;
  #held: Buffer | undefined;
  #advancing = false;
  #deaf = false;
  /** Others read first. */
  #awaitsTurn = false;

  constructor(socket: Socket, user: InflowUser) {
    this.#socket = socket;
    this.#user = user;
    socket.on('data', (bytes: Buffer) => {
      // Asks for more now, as the stream would in a tick of its own, which costs more than all that is done here.
      socket.read(0);
      if (this.#deaf) return;
      this.#held = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes]);
      this.#awaitsTurn = !requestsShare.mayReadOn(this, bytes.length);
      beginTurn();
      try {
        this.advance();
      } finally {
        endTurn();
      }
    });
  }

  /** Nothing that comes means anything any more. */
  get deaf(): boolean {
    return this.#deaf;
  }

  /** Bytes that are held. */
  get length(): number {
    return this.#held?.length ?? 0;
  }

  /** Uses what is held: the state has changed. */
  advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#held !== undefined && this.#user.use());
    this.#advancing = false;
    if (this.length >= MOST_HELD || this.#awaitsTurn || this.#user.isBlocked) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  readOn(): void {
    this.#awaitsTurn = false;
    this.advance();
  }

  /** All that is held, as one; it is held no more. */
  release(): Buffer {
    const held = this.#held ?? nothing;
    this.#held = undefined;
    return held;
  }

  /** Of what was released, what has to wait; it comes first again. */
  putBack(bytes: Buffer): void {
    this.#held = this.#held === undefined ? bytes : Buffer.concat([bytes, this.#held]);
  }

  /** What is held is forgotten, and whatever comes is read and forgotten. */
  deafen(): void {
    this.#deaf = true;
    this.release();
    if (this.#socket.isPaused()) this.#socket.resume();
  }
}
