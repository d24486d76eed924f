/** A process as commands see it, with what they write kept; for what a real one cannot be given, such as a terminal. */
import { PassThrough } from 'node:stream';
import type { Process } from '../../src/cli/process.ts';

export interface ConsoleOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** All three streams are one. */
  readonly terminal?: boolean;
}

export class Console {
  readonly process: Process;
  readonly stdin: PassThrough;
  stdout = '';
  stderr = '';
  #wake = (): void => {};

  constructor({ env = {}, terminal = false }: ConsoleOptions = {}) {
    const stream = (heard: (text: string) => void): PassThrough =>
      Object.assign(new PassThrough({ encoding: 'utf8' }).on('data', heard), { isTTY: terminal });
    const stdout = stream((text) => {
      this.stdout += text;
      this.#wake();
    });
    const stderr = stream((text) => {
      this.stderr += text;
      this.#wake();
    });
    this.stdin = Object.assign(new PassThrough(), { isTTY: terminal });
    const on = (): void => {};
    // Commands use of the streams what a PassThrough has as well.
    this.process = { env, stdin: this.stdin, stdout, stderr, on, off: on, exit: on } as unknown as Process;
  }

  /** Resolves once that has been written, on either stream. */
  async wrote(text: string): Promise<void> {
    while (!`${this.stdout}${this.stderr}`.includes(text)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
