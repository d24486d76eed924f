import { spendLater } from './spent.ts';

/** The least and the most that a block is made for. */
const LEAST = 1024;
const MOST = 65_536;
/** A chunk of so many bytes is kept as it is, unless as many more hang on it that are not its own. */
const LARGE = 8192;
const OTHERS = 1024;

export interface Room {
  /** Bytes, all blocks together. */
  readonly most: number;
  /** Asked before each block; false: there is no room for it. */
  take(bytes: number): boolean;
}

/**
 * Bytes that come in chunks, in few blocks that grow: a chunk of one byte costs a byte and no object, and a large one
 * is not copied. What it takes is the blocks, full or not.
 */
export class Blocks {
  readonly #room: Room;
  readonly #blocks: Buffer[] = [];
  #length = 0;
  #taken = 0;

  constructor(room: Room) {
    this.#room = room;
  }

  /** Bytes that came. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that it takes. */
  get taken(): number {
    return this.#taken;
  }

  /** What came, in order. */
  get chunks(): Buffer[] {
    const last = this.#blocks.at(-1);
    if (last === undefined) return [];
    return [...this.#blocks.slice(0, -1), last.subarray(0, last.length - this.#free)];
  }

  /** False, and nothing of the chunk kept, when there is no room. Nobody may write to the chunk any more. */
  append(chunk: Buffer): boolean {
    if (this.#length + chunk.length > this.#room.most) return false;
    if (this.#free === 0 && chunk.length >= LARGE && chunk.buffer.byteLength - chunk.length <= OTHERS)
      return this.#adopt(chunk);
    const last = this.#blocks.at(-1);
    const free = this.#free;
    const more = chunk.length - free;
    if (more > 0) {
      const wanted = Math.min(Math.max(LEAST, 2 * (last?.length ?? 0)), MOST, this.#room.most - this.#taken);
      const size = Math.max(more, wanted);
      if (!this.#room.take(size)) return false;
      this.#taken += size;
      // Not of Node's pool, which would live as long as the last of all that share it.
      const block = Buffer.allocUnsafeSlow(size);
      spendLater(block);
      chunk.copy(block, 0, free);
      this.#blocks.push(block);
    }
    if (last !== undefined) chunk.copy(last, last.length - free, 0, Math.min(free, chunk.length));
    this.#length += chunk.length;
    return true;
  }

  #adopt(chunk: Buffer): boolean {
    if (!this.#room.take(chunk.length)) return false;
    this.#blocks.push(chunk);
    this.#taken += chunk.length;
    this.#length += chunk.length;
    return true;
  }

  /** Bytes of the last block that nothing stands in yet. */
  get #free(): number {
    return this.#taken - this.#length;
  }
}
