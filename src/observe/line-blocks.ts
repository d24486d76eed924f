/** Bytes. */
const BLOCK = 65_536;
/** Of one character, in UTF-8. */
const MOST_BYTES = 3;
/**
 * Characters that are made bytes together. To begin with that costs as much as some lines; but the pieces of a hundred
 * lines are more than a cache holds, and to gather them from the heap costs more than to make them.
 */
const AT_HAND = 4096;
/** A line that is not made yet counts for so many. */
const UNMADE = 256;

/** Whole lines; or what makes them when their turn comes. */
export type Lines = string | (() => string);

/** Lines on their way out, as few and large pieces of bytes. */
export class LineBlocks {
  readonly #take: (bytes: Buffer) => void;
  #lines: Lines[] = [];
  #characters = 0;
  #block: Buffer | undefined;
  #used = 0;
  /** Was handed on and is not written yet; and one that is. */
  #handedOn: Buffer | undefined;
  #spare: Buffer | undefined;

  /** `take` keeps what it is given until `written`. */
  constructor(take: (bytes: Buffer) => void) {
    this.#take = take;
  }

  /** One after the other is made a dozen at a time: in its place between requests each would take twice as long. */
  add(lines: Lines): void {
    this.#lines.push(lines);
    this.#characters += typeof lines === 'string' ? lines.length : UNMADE;
    if (this.#characters >= AT_HAND) this.#encode();
  }

  /** Hands on all that there is. */
  pass(): void {
    this.#encode();
    this.#passBlock();
  }

  /** All that was handed on has been written: its memory is ours again. */
  written(): void {
    this.#spare ??= this.#handedOn;
    this.#handedOn = undefined;
  }

  #encode(): void {
    const lines = this.#made();
    const most = MOST_BYTES * lines.length;
    if (this.#used + most > BLOCK) this.#passBlock();
    if (most > BLOCK) {
      this.#take(Buffer.from(lines));
      return;
    }
    this.#block ??= this.#emptyBlock();
    this.#used += this.#block.write(lines, this.#used, 'utf8');
  }

  #made(): string {
    let made = '';
    for (const lines of this.#lines) made += typeof lines === 'string' ? lines : lines();
    this.#lines = [];
    this.#characters = 0;
    return made;
  }

  #emptyBlock(): Buffer {
    const block = this.#spare ?? Buffer.allocUnsafeSlow(BLOCK);
    this.#spare = undefined;
    return block;
  }

  #passBlock(): void {
    const block = this.#block;
    if (block === undefined || this.#used === 0) return;
    const bytes = block.subarray(0, this.#used);
    this.#used = 0;
    if (bytes.length < BLOCK / 2) {
      // What waits to be written must not hold many times its size.
      this.#take(Buffer.from(bytes));
      return;
    }
    this.#handedOn = block;
    this.#block = undefined;
    this.#take(bytes);
  }
}
