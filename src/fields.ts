import { type FieldNames, plainName } from './field-names.ts';
import { ScannedLines } from './scanned-lines.ts';

interface Answered<T> {
  readonly answer: T;
}

/** How many there are ({@link Fields.question}). */
let questions = 0;

const nothing = new ScannedLines('', []);
const none: readonly string[] = [];

/**
 * The field lines of a message (RFC 9110 §5), as they came: order, case and duplicates kept. Immutable.
 * One character is one byte (latin1). Names are compared without case. What came from a socket stays the text that it
 * was; a string is made only of what is asked for.
 */
export class Fields {
  static readonly none = new Fields([]);

  readonly #scanned: ScannedLines;
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
    return this.#scanned.count + this.#made.length / 2;
  }

  /** Name, value, name, value, … */
  get lines(): readonly string[] {
    return [...this.#scanned.pairs, ...this.#made];
  }

  /** The lines as they stand in a message, each with its CRLF. */
  get text(): string {
    let { text } = this.#scanned;
    for (let i = 0; i < this.#made.length; i += 2) text += `${this.#made[i]}: ${this.#made[i + 1]}\r\n`;
    return text;
  }

  /** The value of the first field of that name. `name` is in lower case. */
  get(name: string): string | undefined {
    const value = this.#scanned.get(name);
    if (value !== undefined) return value;
    for (let i = 0; i < this.#made.length; i += 2) {
      if (isNamed(this.#made[i] as string, name)) return this.#made[i + 1];
    }
    return undefined;
  }

  /** The values of all fields of that name, in order. `name` is in lower case. */
  all(name: string): readonly string[] {
    let values = this.#scanned.all(name);
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
    let count = this.#scanned.likeness(name);
    for (let i = 0; i < this.#made.length; i += 2) {
      if (plainName((this.#made[i] as string).toLowerCase()) === name) count += 1;
    }
    return count;
  }

  /** Those whose name is not in the set. */
  without(names: FieldNames): Fields {
    if (this.#lastWithout?.names === names) return this.#lastWithout.fields;
    const scanned = this.#scanned.without(names);
    const made = withoutPairs(this.#made, names);
    const fields = scanned === this.#scanned && made === this.#made ? this : new Fields(made, scanned);
    this.#lastWithout = { names, fields };
    return fields;
  }

  /** These and more behind them: name, value, … */
  with(...lines: readonly string[]): Fields {
    return new Fields(this.#made.length === 0 ? lines : [...this.#made, ...lines], this.#scanned);
  }
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
