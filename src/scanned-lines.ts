import { type FieldNames, nameHash, plainName } from './field-names.ts';

/** Where the lines of a section stand in its text: so many numbers for each, in this order. */
export const SPAN = 6;
const COLON = 1;
const FROM = 2;
const TO = 3;
const END = 4;
const HASH = 5;

const hashes = new Map<string, number>();

/** Names that are asked for stand in the code or in the config: there are only so many. */
function hashOf(name: string): number {
  let hash = hashes.get(name);
  if (hash === undefined) {
    hash = nameHash(name, 0, name.length);
    hashes.set(name, hash);
  }
  return hash;
}

/** The lines of a section as they were found in a text. Immutable. Names that are asked for are in lower case. */
export class ScannedLines {
  readonly #text: string;
  readonly #spans: readonly number[];
  #spelt: string | undefined;
  /** A bit for each hash, by its last digits: most names that are asked for are not there. */
  #bits: number | undefined;

  /**
   * `spans`, for each line: where it starts, its colon, where its value begins and ends, where the next line begins,
   * and the {@link nameHash} of its name.
   */
  constructor(text: string, spans: readonly number[]) {
    this.#text = text;
    this.#spans = spans;
  }

  get count(): number {
    return this.#spans.length / SPAN;
  }

  /** Name, value, name, value, … */
  get pairs(): string[] {
    const pairs: string[] = [];
    for (let i = 0; i < this.#spans.length; i += SPAN) pairs.push(this.#name(i), this.#value(i));
    return pairs;
  }

  /** As they stand in a message. Lines that follow one another are one piece; what is spelt in an odd way is spelt anew. */
  get text(): string {
    this.#spelt ??= this.#spell();
    return this.#spelt;
  }

  /** The first value of that name. */
  get(name: string): string | undefined {
    const hash = hashOf(name);
    if (!this.#mayHave(hash)) return undefined;
    for (let i = 0; i < this.#spans.length; i += SPAN) {
      if (this.#spans[i + HASH] === hash && this.#name(i).toLowerCase() === name) return this.#value(i);
    }
    return undefined;
  }

  /** The values of that name; undefined if there are none. */
  all(name: string): string[] | undefined {
    const hash = hashOf(name);
    if (!this.#mayHave(hash)) return undefined;
    let values: string[] | undefined;
    for (let i = 0; i < this.#spans.length; i += SPAN) {
      if (this.#spans[i + HASH] !== hash || this.#name(i).toLowerCase() !== name) continue;
      values ??= [];
      values.push(this.#value(i));
    }
    return values;
  }

  /** How many have that name or a twin of it. `name` is in its plain form. */
  likeness(name: string): number {
    const hash = hashOf(name);
    if (!this.#mayHave(hash)) return 0;
    let count = 0;
    for (let i = 0; i < this.#spans.length; i += SPAN) {
      if (this.#spans[i + HASH] === hash && plainName(this.#name(i).toLowerCase()) === name) count += 1;
    }
    return count;
  }

  /** Those whose name is not in the set; the same object if that is all of them. */
  without(names: FieldNames): ScannedLines {
    const spans = this.#spans;
    let kept: number[] | undefined;
    for (let i = 0; i < spans.length; i += SPAN) {
      const isDropped = names.mayHave(spans[i + HASH] as number) && names.has(this.#name(i));
      if (isDropped) kept ??= spans.slice(0, i);
      else if (kept !== undefined) {
        for (let at = i; at < i + SPAN; at += 1) kept.push(spans[at] as number);
      }
    }
    return kept === undefined ? this : new ScannedLines(this.#text, kept);
  }

  /** False: no line has a name of that hash. */
  #mayHave(hash: number): boolean {
    this.#bits ??= this.#allBits();
    return (this.#bits & (1 << (hash & 31))) !== 0;
  }

  #allBits(): number {
    let bits = 0;
    for (let i = 0; i < this.#spans.length; i += SPAN) bits |= 1 << ((this.#spans[i + HASH] as number) & 31);
    return bits;
  }

  #name(at: number): string {
    return this.#text.slice(this.#spans[at], this.#spans[at + COLON]);
  }

  #value(at: number): string {
    return this.#text.slice(this.#spans[at + FROM], this.#spans[at + TO]);
  }

  /** A colon, one space, the value, CRLF. */
  #isUsuallySpelt(at: number): boolean {
    const spans = this.#spans;
    const colon = spans[at + COLON] as number;
    return (
      spans[at + FROM] === colon + 2 &&
      this.#text.charCodeAt(colon + 1) === 0x20 &&
      (spans[at + TO] as number) + 2 === spans[at + END]
    );
  }

  #spell(): string {
    const spans = this.#spans;
    let out = '';
    let from = 0;
    let to = 0;
    for (let i = 0; i < spans.length; i += SPAN) {
      const start = spans[i] as number;
      const isUsual = this.#isUsuallySpelt(i);
      if (isUsual && start === to) {
        to = spans[i + END] as number;
        continue;
      }
      if (to > from) out += this.#text.slice(from, to);
      from = to = 0;
      if (!isUsual) out += `${this.#name(i)}: ${this.#value(i)}\r\n`;
      else {
        from = start;
        to = spans[i + END] as number;
      }
    }
    return to > from ? out + this.#text.slice(from, to) : out;
  }
}
