/** Links within the repository lead somewhere; every page is in the index, and every recipe is run. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../deploy/manifests.ts';
import { Page } from './page.ts';

const docs = (await readdir(join(root, 'docs'), { recursive: true })).filter((file) => file.endsWith('.md'));
const pages = ['README.md', ...docs.map((file) => join('docs', file))];

/** What a heading is linked by, on GitHub. */
function anchors(markdown: string): string[] {
  const headings = [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

function linksIn(markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```$/gm, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
}

describe.each(pages)('%s', async (page) => {
  const markdown = await readFile(join(root, page), 'utf8');

  test('its links lead to files and headings that are there', async () => {
    for (const link of linksIn(markdown).filter((each) => !each.includes('://'))) {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? join(root, page) : join(root, dirname(page), file);
      expect(existsSync(target), link).toBe(true);
      if (anchor !== undefined) expect(anchors(await readFile(target, 'utf8')), link).toContain(anchor);
    }
  });

  test('its links to elsewhere are safe', () => {
    for (const link of linksIn(markdown).filter((each) => each.includes('://')))
      expect(new URL(link).protocol, link).toBe('https:');
  });
});

test('every page is in the index', async () => {
  const index = linksIn(await readFile(join(root, 'docs/README.md'), 'utf8'));
  expect(docs.filter((file) => file !== 'README.md' && !index.includes(file))).toEqual([]);
});

test('no block of a page is of a kind that nobody runs', async () => {
  for (const file of docs) {
    const { blocks } = new Page(await readFile(join(root, 'docs', file), 'utf8'));
    const languages = blocks
      .filter(({ words }) => !words.some((word) => word.includes('.')))
      .map((each) => each.language);
    for (const language of languages) expect(['sh', 'output', 'http', 'text'], file).toContain(language);
  }
});

test('every recipe is followed by a test', async () => {
  const tests = await Promise.all(
    (await readdir(import.meta.dirname))
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => readFile(join(import.meta.dirname, file), 'utf8')),
  );
  const text = tests.join('\n');
  for (const file of docs.filter((each) => each.startsWith('recipes/'))) {
    const name = relative('recipes', file).replace('.md', '');
    expect(new RegExp(`(follow\\('|recipes/)${name}\\b`).test(text), file).toBe(true);
  }
});
