import { bufferToBeSpent, spendLater } from '../spent.ts';

/**
 * The one place where bytes are copied out of a socket's buffer, which is written over in the next turn. What a turn
 * brought of a body becomes one chunk that is its receiver's to keep, however many chunks it came in.
 */
export class Content {
  #first: Buffer | undefined;
  #from = 0;
  #to = 0;
  /** Behind the first. */
  #pieces: Buffer[] = [];

  /** A {@link ContentTaker}. */
  readonly add = (bytes: Buffer, from: number, to: number): void => {
    if (this.#first === undefined) {
      this.#first = bytes;
      this.#from = from;
      this.#to = to;
    } else this.#pieces.push(bytes.subarray(from, to));
  };

  /** A copy of what was added since the last time; undefined if that is nothing. */
  copied(): Buffer | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.#first = undefined;
    if (this.#pieces.length > 0) return this.#concatenated(first);
    const copy = bufferToBeSpent(this.#to - this.#from);
    first.copy(copy, 0, this.#from, this.#to);
    return copy;
  }

  /** The same, but what came in one piece is not copied: for buffers that nobody else keeps, and nobody writes to again. */
  joined(): Buffer | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.#first = undefined;
    if (this.#pieces.length > 0) return this.#concatenated(first);
    const all = this.#from === 0 && this.#to === first.length ? first : first.subarray(this.#from, this.#to);
    spendLater(all);
    return all;
  }

  #concatenated(first: Buffer): Buffer {
    const pieces = this.#pieces;
    this.#pieces = [];
    return Buffer.concat([first.subarray(this.#from, this.#to), ...pieces]);
  }
}
