import { readFile, stat } from 'node:fs/promises';
import { inspect } from 'node:util';
import type { Comparable } from './alike.ts';
import type { Clock } from './clock.ts';

/** A value that does not print: not in logs, JSON, template strings or `util.inspect`. Only `reveal` gives it out. */
export class Secret implements Comparable {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  equals(other: unknown): boolean {
    return other instanceof Secret && other.#value === this.#value;
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
  /** True if its next reading may give another secret. */
  readonly rotates: boolean;
  /** The path of the file that it stands in, if it does. */
  readonly file?: string;
  /** Rejects with an Error that names the file, never its content; with a RangeError if that is too large for a secret. */
  read(): Promise<Secret>;
}

/** A secret that stands in the config; it equals another one of the same value. */
class FixedSecret implements SecretSource, Comparable {
  readonly rotates = false;
  readonly #secret: Secret;

  constructor(value: string) {
    this.#secret = new Secret(value);
  }

  async read(): Promise<Secret> {
    return this.#secret;
  }

  equals(other: unknown): boolean {
    return other instanceof FixedSecret && other.#secret.equals(this.#secret);
  }
}

export function fixedSecret(value: string): SecretSource {
  return new FixedSecret(value);
}

/** More is no secret but some other file. Bytes. */
export const LARGEST_SECRET_FILE = 65_536;

/** A secret in a file, read anew each time; it equals another one of the same path, whatever that holds by then. */
class FileSecret implements SecretSource, Comparable {
  readonly rotates = true;
  readonly file: string;
  readonly #problemOf: (value: string) => string | undefined;

  constructor(path: string, problemOf: (value: string) => string | undefined) {
    this.file = path;
    this.#problemOf = problemOf;
  }

  async read(): Promise<Secret> {
    const path = this.file;
    // Reading a pipe would wait for somebody to write.
    const found = await stat(path);
    if (!found.isFile()) throw new Error(`${path} is no ordinary file`);
    if (found.size > LARGEST_SECRET_FILE)
      throw new RangeError(`the secret file ${path} is larger than ${LARGEST_SECRET_FILE} bytes`);
    const text = await readFile(path, 'utf8');
    const value = text.replace(/\r?\n$/, '');
    const problem = value === '' ? 'is empty' : this.#problemOf(value);
    if (problem !== undefined) throw new Error(`the secret file ${path} ${problem}`);
    return new Secret(value);
  }

  equals(other: unknown): boolean {
    return other instanceof FileSecret && other.file === this.file;
  }
}

/** One trailing newline is not part of it. `problemOf` says what else than empty it must not be, as what the file does. */
export function fileSecret(
  path: string,
  problemOf: (value: string) => string | undefined = () => undefined,
): SecretSource {
  return new FileSecret(path, problemOf);
}

/** A key for AES-256, 32 bytes in base64 (RFC 4648 §4); undefined when it is none. */
export function decodedKey(base64: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]{43}=$/.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}

const WATCH_INTERVAL_MS = 5000;

/**
 * A secret that is at hand at any time: its source is read now, and every 5 s if it may change. Keeps the last good one.
 * `told` hears why a later reading gave none, when that is news, and undefined when one does again.
 */
export async function watchSecret(
  source: SecretSource | undefined,
  clock: Clock,
  told: (trouble: string | undefined) => void = () => {},
): Promise<{ current: () => Secret | undefined; stop: () => void }> {
  let current = await source?.read();
  let cancel = (): void => {};
  let stopped = false;
  let trouble: string | undefined;
  const watch = (): void => {
    cancel = clock.after(WATCH_INTERVAL_MS, () => {
      source?.read().then(
        (secret) => {
          current = secret;
          watchOn(undefined);
        },
        (error) => watchOn(error.message),
      );
    });
  };
  const watchOn = (now: string | undefined): void => {
    if (stopped) return;
    if (now !== trouble) told(now);
    trouble = now;
    watch();
  };
  if (source?.rotates === true) watch();
  return {
    current: () => current,
    stop() {
      stopped = true;
      cancel();
    },
  };
}
