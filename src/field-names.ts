/** Names of fields, and a number for each by which lines are told apart without a string being made of them. */

/**
 * A name in lower case without its disguise: its twins, spelt with other characters (`transfer_encoding`,
 * `authorization_`), as the servers see them that fold them.
 */
export function plainName(name: string): string {
  if (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return name;
  return name.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
}

const DASH = 0x2d;

/** Of a letter or digit, another one behind what `hash` was made of. */
function mixed(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) & 0x3fffffff;
}

/** True for a letter or a digit of ASCII. */
function isAlphanumeric(code: number): boolean {
  const lower = code | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (code >= 0x30 && code <= 0x39);
}

/** A number that is the same for all names of one plain form ({@link plainName}). */
export function nameHash(text: string, from: number, to: number): number {
  let hash = 0;
  let gap = false;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (!isAlphanumeric(code)) gap = true;
    else {
      if (gap && hash !== 0) hash = mixed(hash, DASH);
      gap = false;
      // Digits have that bit already.
      hash = mixed(hash, code | 0x20);
    }
  }
  return hash;
}

/** A set of names. With `twins`, of their plain forms: whatever is spelt like one of them is in it. */
export class FieldNames {
  readonly names: ReadonlySet<string>;
  readonly #twins: boolean;
  /** By the last bits of a hash: whether a name in the set has them. */
  readonly #table = new Uint8Array(256);

  constructor(names: Iterable<string>, { twins }: { readonly twins: boolean }) {
    const lower = [...names].map((name) => name.toLowerCase());
    this.names = new Set(twins ? lower.map(plainName) : lower);
    this.#twins = twins;
    for (const name of this.names) this.#table[nameHash(name, 0, name.length) & 0xff] = 1;
  }

  /** `name` in any case. */
  has(name: string): boolean {
    const lower = name.toLowerCase();
    return this.names.has(this.#twins ? plainName(lower) : lower);
  }

  /** False: no name of that hash is in the set. */
  mayHave(hash: number): boolean {
    return this.#table[hash & 0xff] === 1;
  }
}
