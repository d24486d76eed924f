/**
 * The field lines of a message (RFC 9110 §5), as they came: order, case and duplicates kept. Immutable.
 * One character is one byte (latin1). Names are compared without case.
 */
export class Fields {
  static readonly none = new Fields([]);

  /** Name, value, name, value, … */
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    this.lines = lines;
  }

  get count(): number {
    return this.lines.length / 2;
  }

  /** The value of the first field of that name. `name` is in lower case. */
  get(name: string): string | undefined {
    for (let i = 0; i < this.lines.length; i += 2) {
      if (isNamed(this.lines[i] as string, name)) return this.lines[i + 1];
    }
    return undefined;
  }

  /** The values of all fields of that name, in order. `name` is in lower case. */
  all(name: string): string[] {
    const values: string[] = [];
    for (let i = 0; i < this.lines.length; i += 2) {
      if (isNamed(this.lines[i] as string, name)) values.push(this.lines[i + 1] as string);
    }
    return values;
  }

  /** The members of a list-based field (RFC 9110 §5.6.1), lower-cased; for fields whose members are tokens. */
  tokens(name: string): string[] {
    const members: string[] = [];
    for (const value of this.all(name)) {
      for (const member of value.split(',')) {
        const token = member.trim().toLowerCase();
        if (token !== '') members.push(token);
      }
    }
    return members;
  }

  /** Those fields whose name, in lower case, is not dropped. */
  without(dropped: (name: string) => boolean): Fields {
    const kept: string[] = [];
    for (let i = 0; i < this.lines.length; i += 2) {
      const name = this.lines[i] as string;
      if (!dropped(name.toLowerCase())) kept.push(name, this.lines[i + 1] as string);
    }
    return kept.length === this.lines.length ? this : new Fields(kept);
  }

  /** These and more behind them: name, value, … */
  with(...lines: string[]): Fields {
    return new Fields([...this.lines, ...lines]);
  }
}

function isNamed(name: string, lowerCased: string): boolean {
  return name.length === lowerCased.length && name.toLowerCase() === lowerCased;
}
