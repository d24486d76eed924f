import { Fields } from '../fields.ts';
import { allowedTrailers, FieldSection } from './field-section.ts';
import {
  answerLimits,
  CR,
  isBlank,
  LF,
  LONGEST_CHUNK_LINE,
  MOST_EXTENSION_BYTES,
  malformed,
  valueEnd,
} from './grammar.ts';
import { Lines } from './lines.ts';

/** Takes the content of a body: the bytes between two places of what was given to the decoder. Valid in that turn only. */
export type ContentTaker = (bytes: Buffer, from: number, to: number) => void;

/** Finds the end of a body, whatever the packets it comes in. */
export interface BodyDecoder {
  /** Takes bytes up to `to`; returns how far the body went. Throws what is wrong with it. */
  take(bytes: Buffer, from: number, to: number, content: ContentTaker): number;
  readonly done: boolean;
  readonly trailers: Fields;
}

/** A body of known length (RFC 9112 §6.2). */
export class LengthDecoder implements BodyDecoder {
  readonly trailers = Fields.none;
  left: number;

  constructor(length: number) {
    this.left = length;
  }

  get done(): boolean {
    return this.left === 0;
  }

  take(bytes: Buffer, from: number, to: number, content: ContentTaker): number {
    const end = Math.min(to, from + this.left);
    this.left -= end - from;
    if (end > from) content(bytes, from, end);
    return end;
  }
}

/** A body that ends with its connection (RFC 9112 §6.3, rule 8). */
export class CloseDecoder implements BodyDecoder {
  readonly trailers = Fields.none;
  done = false;

  take(bytes: Buffer, from: number, to: number, content: ContentTaker): number {
    content(bytes, from, to);
    return to;
  }
}

type State = 'size' | 'data' | 'data end' | 'trailers' | 'done';

/** The chunked coding (RFC 9112 §7.1), strictly: sizes of 1 to 8 digits, CRLF only, extensions dropped. */
export class ChunkedDecoder implements BodyDecoder {
  #state: State = 'size';
  readonly #lines = new Lines();
  #section: FieldSection | undefined;
  /** Of the chunk that is being read. */
  #left = 0;
  #crCame = false;
  #extensionBytes = 0;

  get done(): boolean {
    return this.#state === 'done';
  }

  get trailers(): Fields {
    return this.#section === undefined ? Fields.none : allowedTrailers(this.#section.fields);
  }

  take(bytes: Buffer, from: number, to: number, content: ContentTaker): number {
    let at = from;
    while (at < to && this.#state !== 'done') {
      if (this.#state === 'data') at = this.#takeData(bytes, at, to, content);
      else if (this.#state === 'data end') at = this.#takeDataEnd(bytes, at);
      else at = this.#takeLine(bytes, at, to);
    }
    return at;
  }

  #takeData(bytes: Buffer, from: number, to: number, content: ContentTaker): number {
    const end = Math.min(to, from + this.#left);
    content(bytes, from, end);
    this.#left -= end - from;
    if (this.#left === 0) this.#state = 'data end';
    return end;
  }

  #takeDataEnd(bytes: Buffer, at: number): number {
    const byte = bytes[at];
    if (byte !== (this.#crCame ? LF : CR)) throw malformed('a chunk is longer than its size');
    if (this.#crCame) this.#state = 'size';
    this.#crCame = !this.#crCame;
    return at + 1;
  }

  /** A size or a trailer: one line, or as much of it as there is. */
  #takeLine(bytes: Buffer, from: number, to: number): number {
    const lineFeed = bytes.indexOf(LF, from);
    const end = lineFeed === -1 || lineFeed >= to ? to : lineFeed + 1;
    this.#lines.add(bytes, from, end);
    if (this.#state === 'size') this.#readSize();
    else if (this.#section?.read(this.#lines) === true) this.#state = 'done';
    return end;
  }

  #readSize(): void {
    if (!this.#lines.next(LONGEST_CHUNK_LINE, () => malformed('a chunk extension is too long'))) return;
    const { text, start, end } = this.#lines;
    let digits = start;
    let size = 0;
    for (; digits < end; digits += 1) {
      const digit = hexDigit(text.charCodeAt(digits));
      if (digit === -1) break;
      size = size * 16 + digit;
    }
    if (digits === start || digits - start > 8) throw malformed('a chunk size is not 1 to 8 hexadecimal digits');
    this.#skipExtensions(text, digits, end);
    this.#lines.clear();
    this.#left = size;
    this.#state = size === 0 ? 'trailers' : 'data';
    if (size === 0) this.#section = new FieldSection(answerLimits);
  }

  /** RFC 9112 §7.1.1: nobody is told of them. */
  #skipExtensions(text: string, from: number, end: number): void {
    this.#extensionBytes += end - from;
    if (this.#extensionBytes > MOST_EXTENSION_BYTES) throw malformed('too many chunk extensions');
    let at = from;
    while (at < end && isBlank(text.charCodeAt(at))) at += 1;
    if (at === from && at === end) return;
    if (text[at] !== ';') throw malformed('a chunk size has something behind it that is no extension');
    if (valueEnd(text, at, end) !== end) throw malformed('a chunk extension has a character that may not stand in one');
  }
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
