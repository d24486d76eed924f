/**
 * A page of `docs`, as its tests read it: the fenced blocks are what is run. The first word behind a fence is its language,
 * a second with a dot in it is the file that it becomes. See "How these pages are tested" in docs/README.md.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const docs = join(import.meta.dirname, '../../docs');

export interface Block {
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
}

export class Page {
  readonly text: string;
  readonly blocks: readonly Block[];

  constructor(text: string) {
    this.text = text;
    this.blocks = blocksOf(text);
  }

  /** The blocks of a language. */
  in(language: string): Block[] {
    return this.blocks.filter((block) => block.language === language);
  }

  /** The text of the one block that becomes a file of that name. */
  file(name: string): string {
    const [block, ...others] = this.blocks.filter((each) => fileOf(each) === name);
    if (block === undefined || others.length > 0)
      throw new Error(`there are ${others.length} or no blocks for ${name}`);
    return block.text;
  }
}

export async function pageOf(name: string): Promise<Page> {
  return new Page(await readFile(join(docs, name), 'utf8'));
}

/** What a block becomes, if it is one for a file. */
export function fileOf({ words }: Block): string | undefined {
  return words.find((word) => word.includes('.'));
}

function blocksOf(markdown: string): Block[] {
  const blocks = markdown.matchAll(/^```(\S+)(.*)\n((?:(?!```).*\n)*)```$/gm);
  return [...blocks].map(([, language = '', words = '', text = '']) => ({
    language,
    words: words.split(' ').filter((word) => word !== ''),
    text,
  }));
}
