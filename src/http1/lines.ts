import { malformed } from './grammar.ts';

/** So many bytes are made text as they are, whether they are all of the head or not: to look for its end costs more. */
const SMALL = 4096;

/** Up to where bytes are to be made text so that the end of a head is among them, if it has come. */
export function headEnd(bytes: Buffer, from: number, to: number): number {
  if (to - from <= SMALL) return to;
  const blank = bytes.indexOf('\r\n\r\n', from, 'latin1');
  return blank === -1 ? to : Math.min(to, blank + 4);
}

/**
 * Cuts bytes into lines that end with CRLF, whatever the packets they come in. Nothing is looked at before its line
 * end came, so that a head sent byte by byte costs no more than one sent whole.
 * The text is a copy: the bytes it came from may change behind it.
 */
export class Lines {
  /** What came since the last `clear`, up to the last line end at least. */
  text = '';
  /** The line that `next` found: `text` from `start` to `end`, its CRLF left out. */
  start = 0;
  end = 0;
  /** Where the next line begins. */
  at = 0;
  /** What came behind `text` and holds no line end. */
  #tail: string[] = [];
  #tailLength = 0;
  /** A CR in the line that has not come whole: of no line's end, or perhaps of one's. */
  #bareCr = false;
  #endsWithCr = false;

  /** Everything is forgotten. */
  clear(): void {
    this.text = '';
    this.at = 0;
    this.#tail = [];
    this.#tailLength = 0;
    this.#bareCr = false;
    this.#endsWithCr = false;
  }

  /** Takes bytes; then `next` is asked until it has no more. */
  add(bytes: Buffer, from: number, to: number): void {
    const more = bytes.toString('latin1', from, to);
    if (this.text === '') this.text = more;
    else if (more.includes('\n')) {
      this.text += this.#tail.join('') + more;
      this.#tail = [];
      this.#tailLength = 0;
    } else {
      this.#bareCr ||= this.#endsWithCr || hasBareCr(more);
      this.#endsWithCr = more.endsWith('\r');
      this.#tail.push(more);
      this.#tailLength += more.length;
    }
  }

  /** True, and gone past it, if that is what comes next. */
  skip(text: string): boolean {
    // Equality compares words at a time, startsWith characters.
    if (text === '' || this.text.slice(this.at, this.at + text.length) !== text) return false;
    this.at += text.length;
    return true;
  }

  /** How much came behind the lines that were given. */
  get left(): number {
    return this.text.length + this.#tailLength - this.at;
  }

  /** The first byte behind the lines that were given; NaN if there is none. */
  get first(): number {
    return this.text.charCodeAt(this.at);
  }

  /**
   * True: `start` and `end` say where the next line is. False: its end has not come. `tooLong` makes the failure for
   * a line of more than `most` bytes, from what there is of it; it need not have come whole for that.
   */
  next(most: number, tooLong: (beginning: string) => Error): boolean {
    const { at, text } = this;
    const lineFeed = text.indexOf('\n', at);
    const cr = text.indexOf('\r', at);
    if (lineFeed !== -1) {
      // One byte more, which is the CR of its end.
      if (cr !== lineFeed - 1 || lineFeed - at > most + 1 || lineFeed === at) throw this.#fault(most, tooLong);
      this.start = at;
      this.end = cr;
      this.at = lineFeed + 1;
      this.#bareCr = false;
      this.#endsWithCr = false;
      return true;
    }
    if (this.#tailLength === 0) {
      this.#endsWithCr = cr !== -1 && cr === text.length - 1;
      this.#bareCr = cr !== -1 && !this.#endsWithCr;
    }
    if (this.#bareCr || this.left > most + 1) throw this.#fault(most, tooLong);
    return false;
  }

  /** What is wrong with a line first, whether it has come whole or not. */
  #fault(most: number, tooLong: (beginning: string) => Error): Error {
    const [line = ''] = (this.text + this.#tail.join('')).slice(this.at).split('\n', 1);
    const cr = line.indexOf('\r');
    if (cr !== -1 && cr < most + 1 && cr !== line.length - 1) return malformed('a CR that ends no line');
    return line.length > most + 1 ? tooLong(line.slice(0, most + 2)) : malformed('a line ends without CR');
  }
}

/** A CR that something other than LF follows. */
function hasBareCr(text: string): boolean {
  const cr = text.indexOf('\r');
  return cr !== -1 && cr !== text.length - 1;
}
