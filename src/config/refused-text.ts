/** A text that was refused as a config: to read it again as long as nothing has changed would keep requests waiting for nothing. */
import { stat } from 'node:fs/promises';

export class RefusedText {
  #text: string | undefined;
  #files: readonly string[] = [];
  #looks = '';

  /** True if the text is that of the last time, and what it names looks as it did then. */
  async isAsBefore(text: string): Promise<boolean> {
    const looks = (await Promise.all(this.#files.map(lookOf))).join('\n');
    const isSame = text === this.#text && looks === this.#looks;
    this.#text = text;
    this.#looks = looks;
    return isSame;
  }

  /** It was refused. `files`: what it names, there or not; how they look is known with the next time only. */
  refuse(files: readonly string[]): void {
    this.#files = files;
  }
}

async function lookOf(file: string): Promise<string> {
  try {
    const { dev, ino, mode, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [file, dev, ino, mode, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return `${file} ${(error as NodeJS.ErrnoException).code}`;
  }
}
