import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';

/** A value that does not print: not in logs, JSON, template strings or `util.inspect`. Only `reveal` gives it out. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** Where a secret comes from: asked whenever it is needed, so that a rotated file takes effect without a restart. */
export interface SecretSource {
  /** Rejects with an Error that names the file, never its content. */
  read(): Promise<Secret>;
}

/** A secret that stands in the config. */
export function fixedSecret(value: string): SecretSource {
  const secret = new Secret(value);
  return { read: async () => secret };
}

/** A secret in a file, read anew each time; one trailing newline is not part of it. */
export function fileSecret(path: string): SecretSource {
  return {
    async read() {
      const text = await readFile(path, 'utf8');
      const value = text.replace(/\r?\n$/, '');
      if (value === '') throw new Error(`the secret file ${path} is empty`);
      return new Secret(value);
    },
  };
}
