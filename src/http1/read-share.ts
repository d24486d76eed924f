/** Somebody who reads what may be a large body. */
export interface BodyReader {
  /** It may read again. */
  readOn(): void;
}

/** What a socket gives at most at a time. Bytes. */
const MOST_READ = 65_536;
/** A read of less is none of a large body, or its last. Bytes. */
const LARGE_READ = 16_384;

/**
 * What large bodies share of an iteration of the event loop. Left to itself, libuv reads up to 2 MiB from a socket, and as
 * much from the next, before anybody else has a turn: beside sixty of them a small request waits for 60 ms, and of the
 * clients that wait to be taken up, one is.
 */
export class ReadShare {
  readonly #bytes: number;
  readonly #waiting = new Set<BodyReader>();
  /** In this iteration. */
  #taken = 0;
  #isCounting = false;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** It has read so many bytes. False: it is to stop, and `readOn` follows. */
  mayReadOn(reader: BodyReader, length: number): boolean {
    if (length < LARGE_READ) return true;
    if (!this.#isCounting) this.#count();
    this.#taken += length;
    return this.#taken < this.#bytes || this.#wait(reader);
  }

  /** It has stopped for a reason of its own, which is gone. False: it has to wait for others, and `readOn` follows. */
  mayReadAgain(reader: BodyReader): boolean {
    return (this.#taken < this.#bytes && this.#waiting.size === 0) || this.#wait(reader);
  }

  #wait(reader: BodyReader): false {
    this.#waiting.add(reader);
    return false;
  }

  #count(): void {
    this.#isCounting = true;
    setImmediate(this.#share);
  }

  readonly #share = (): void => {
    this.#isCounting = false;
    this.#taken = 0;
    let places = this.#bytes / MOST_READ;
    for (const reader of this.#waiting) {
      if (places === 0) break;
      places -= 1;
      this.#waiting.delete(reader);
      reader.readOn();
    }
    if (this.#waiting.size > 0) this.#count();
  };
}

/** Of answers: about a tenth of a millisecond, and half of one where clients hardly take any. */
export const answersShare = new ReadShare(131_072);
/** Of what clients send. To stop them and to go on costs more: they come through Node's streams. */
export const requestsShare = new ReadShare(262_144);
