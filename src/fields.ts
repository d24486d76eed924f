import { type FieldNames, nameHash, plainName } from './field-names.ts';

/** Where the lines of a section stand in its text: so many numbers for each, in this order. */
export const SPAN = 6;
const COLON = 1;
const FROM = 2;
const TO = 3;
const END = 4;
const HASH = 5;

/** The lines of a section as they were found in a text. */
export interface Scanned {
  readonly text: string;
  /**
   * For each line: where it starts, its colon, where its value begins and ends, where the next line begins, and the
   * {@link nameHash} of its name.
   */
  readonly spans: readonly number[];
  /** The lines as they stand in a message, once that was asked for. */
  spelt?: string;
  /** A bit for each hash, by its last digits, once a name was asked for: most names that are asked for are not there. */
  bits?: number;
}

/** False: no line has a name of that hash. */
function mayHave(scanned: Scanned, hash: number): boolean {
  scanned.bits ??= bitsOf(scanned.spans);
  return (scanned.bits & (1 << (hash & 31))) !== 0;
}

function bitsOf(spans: readonly number[]): number {
  let bits = 0;
  for (let i = 0; i < spans.length; i += SPAN) bits |= 1 << ((spans[i + HASH] as number) & 31);
  return bits;
}

interface Answered<T> {
  readonly answer: T;
}

/** How many there are ({@link Fields.question}). */
let questions = 0;

const nothing: Scanned = { text: '', spans: [] };
const none: readonly string[] = [];
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

/**
 * The field lines of a message (RFC 9110 §5), as they came: order, case and duplicates kept. Immutable.
 * One character is one byte (latin1). Names are compared without case. What came from a socket stays the text that it
 * was; a string is made only of what is asked for.
 */
export class Fields {
  static readonly none = new Fields([]);

  readonly #scanned: Scanned;
  /** Behind the lines that were scanned. Name, value, name, value, … */
  readonly #made: readonly string[];
  /** What `without` made last: fields that come again, as the same object, lose the same again. */
  #lastWithout: { readonly names: FieldNames; readonly fields: Fields } | undefined;
  /** By the number of the question. */
  #answers: (Answered<unknown> | undefined)[] | undefined;

  constructor(made: readonly string[], scanned = nothing) {
    this.#made = made;
    this.#scanned = scanned;
  }

  /** Makes a question of `ask` that the same fields are asked once: those that come again give the answer they gave. */
  static question<T>(ask: (fields: Fields) => T): (fields: Fields) => T {
    const at = questions;
    questions += 1;
    return (fields) => {
      fields.#answers ??= [];
      const known = fields.#answers[at] as Answered<T> | undefined;
      if (known !== undefined) return known.answer;
      const answer = ask(fields);
      fields.#answers[at] = { answer };
      return answer;
    };
  }

  get count(): number {
    return this.#scanned.spans.length / SPAN + this.#made.length / 2;
  }

  /** Name, value, name, value, … */
  get lines(): readonly string[] {
    const { text, spans } = this.#scanned;
    const lines: string[] = [];
    for (let i = 0; i < spans.length; i += SPAN) lines.push(nameAt(text, spans, i), valueAt(text, spans, i));
    lines.push(...this.#made);
    return lines;
  }

  /** The lines as they stand in a message, each with its CRLF. */
  get text(): string {
    this.#scanned.spelt ??= spelt(this.#scanned);
    let text = this.#scanned.spelt;
    for (let i = 0; i < this.#made.length; i += 2) text += `${this.#made[i]}: ${this.#made[i + 1]}\r\n`;
    return text;
  }

  /** The value of the first field of that name. `name` is in lower case. */
  get(name: string): string | undefined {
    const hash = hashOf(name);
    if (mayHave(this.#scanned, hash)) {
      const { text, spans } = this.#scanned;
      for (let i = 0; i < spans.length; i += SPAN) {
        if (spans[i + HASH] === hash && nameAt(text, spans, i).toLowerCase() === name) return valueAt(text, spans, i);
      }
    }
    for (let i = 0; i < this.#made.length; i += 2) {
      if (isNamed(this.#made[i] as string, name)) return this.#made[i + 1];
    }
    return undefined;
  }

  /** The values of all fields of that name, in order. `name` is in lower case. */
  all(name: string): readonly string[] {
    let values: string[] | undefined;
    const hash = hashOf(name);
    if (mayHave(this.#scanned, hash)) {
      const { text, spans } = this.#scanned;
      for (let i = 0; i < spans.length; i += SPAN) {
        if (spans[i + HASH] !== hash || nameAt(text, spans, i).toLowerCase() !== name) continue;
        values ??= [];
        values.push(valueAt(text, spans, i));
      }
    }
    for (let i = 0; i < this.#made.length; i += 2) {
      if (!isNamed(this.#made[i] as string, name)) continue;
      values ??= [];
      values.push(this.#made[i + 1] as string);
    }
    return values ?? none;
  }

  /** The members of a list-based field (RFC 9110 §5.6.1), lower-cased; for fields whose members are tokens. */
  tokens(name: string): readonly string[] {
    const values = this.all(name);
    if (values.length === 0) return none;
    const members = values.flatMap((value) => value.split(','));
    return members.map((member) => member.trim().toLowerCase()).filter((token) => token !== '');
  }

  /** How many have that name or a twin of it. `name` is in its plain form. */
  likeness(name: string): number {
    const hash = hashOf(name);
    let count = 0;
    if (mayHave(this.#scanned, hash)) {
      const { text, spans } = this.#scanned;
      for (let i = 0; i < spans.length; i += SPAN) {
        if (spans[i + HASH] === hash && plainName(nameAt(text, spans, i).toLowerCase()) === name) count += 1;
      }
    }
    for (let i = 0; i < this.#made.length; i += 2) {
      if (plainName((this.#made[i] as string).toLowerCase()) === name) count += 1;
    }
    return count;
  }

  /** Those whose name is not in the set. */
  without(names: FieldNames): Fields {
    if (this.#lastWithout?.names === names) return this.#lastWithout.fields;
    const scanned = withoutSpans(this.#scanned, names);
    const made = withoutPairs(this.#made, names);
    if (scanned === this.#scanned && made === this.#made) return this;
    const fields = new Fields(made, scanned);
    this.#lastWithout = { names, fields };
    return fields;
  }

  /** These and more behind them: name, value, … */
  with(...lines: readonly string[]): Fields {
    return new Fields(this.#made.length === 0 ? lines : [...this.#made, ...lines], this.#scanned);
  }
}

// A span has all its numbers.
function nameAt(text: string, spans: readonly number[], at: number): string {
  return text.slice(spans[at], spans[at + COLON]);
}

function valueAt(text: string, spans: readonly number[], at: number): string {
  return text.slice(spans[at + FROM], spans[at + TO]);
}

/** A colon, one space, the value, CRLF. */
function isUsuallySpelt(text: string, spans: readonly number[], at: number): boolean {
  const colon = spans[at + COLON] as number;
  return (
    spans[at + FROM] === colon + 2 &&
    text.charCodeAt(colon + 1) === 0x20 &&
    (spans[at + TO] as number) + 2 === spans[at + END]
  );
}

/** Lines that follow one another go out as one piece; one that is spelt in an odd way is spelt anew. */
function spelt({ text, spans }: Scanned): string {
  let out = '';
  let from = 0;
  let to = 0;
  for (let i = 0; i < spans.length; i += SPAN) {
    const start = spans[i] as number;
    const isUsual = isUsuallySpelt(text, spans, i);
    if (isUsual && start === to) {
      to = spans[i + END] as number;
      continue;
    }
    if (to > from) out += text.slice(from, to);
    from = to = 0;
    if (!isUsual) out += `${nameAt(text, spans, i)}: ${valueAt(text, spans, i)}\r\n`;
    else {
      from = start;
      to = spans[i + END] as number;
    }
  }
  return to > from ? out + text.slice(from, to) : out;
}

function isNamed(name: string, lowerCased: string): boolean {
  return name.length === lowerCased.length && name.toLowerCase() === lowerCased;
}

function withoutPairs(pairs: readonly string[], names: FieldNames): readonly string[] {
  if (pairs.length === 0) return pairs;
  const kept: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    if (!names.has(pairs[i] as string)) kept.push(pairs[i] as string, pairs[i + 1] as string);
  }
  return kept.length === pairs.length ? pairs : kept;
}

function withoutSpans(scanned: Scanned, names: FieldNames): Scanned {
  const { text, spans } = scanned;
  let kept: number[] | undefined;
  for (let i = 0; i < spans.length; i += SPAN) {
    const isDropped = names.mayHave(spans[i + HASH] as number) && names.has(nameAt(text, spans, i));
    if (isDropped) kept ??= spans.slice(0, i);
    else if (kept !== undefined) {
      for (let at = i; at < i + SPAN; at += 1) kept.push(spans[at] as number);
    }
  }
  return kept === undefined ? scanned : { text, spans: kept };
}
