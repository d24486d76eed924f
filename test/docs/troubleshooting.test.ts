/** docs/troubleshooting.md names every error that there is, with its status, and quotes what the product says. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failureKinds } from '../../src/errors.ts';
import { root } from '../deploy/manifests.ts';
import { pageOf } from './page.ts';

const { text } = await pageOf('troubleshooting.md');
const files = (await readdir(join(root, 'src'), { recursive: true })).filter((file) => file.endsWith('.ts'));
const sources = [...files.map((file) => join('src', file)), 'bin/bearerway.js'];
const source = (await Promise.all(sources.map((file) => readFile(join(root, file), 'utf8')))).join('\n');

/** From each code to the statuses that its places on the page have: of its row, or else of its heading. */
function told(): Map<string, number[][]> {
  const found = new Map<string, number[][]>();
  let heading: number[] = [];
  let isOfCodes = false;
  for (const line of text.split('\n')) {
    const numbers = /^#+ (\d[\d, ]*)$/.exec(line)?.[1];
    if (line.startsWith('#')) heading = numbers?.split(', ').map(Number) ?? [];
    isOfCodes = line.startsWith('| code |') || (isOfCodes && line !== '');
    const [, code = '', second = ''] = /^\| `(\w+)` \| ([^|]*) \|/.exec(line) ?? [];
    if (!isOfCodes || code === '') continue;
    const statuses = /^\d{3}$/.test(second) ? [Number(second)] : heading;
    found.set(code, [...(found.get(code) ?? []), statuses]);
  }
  return found;
}

test('every error has its row, with its status, below a heading of that status', () => {
  const rows = told();
  for (const [code, { status }] of Object.entries(failureKinds)) {
    expect(rows.get(code), code).toHaveLength(1);
    expect(rows.get(code)?.[0], code).toEqual([status]);
  }
});

test('it names no error that there is not', () => {
  expect([...told().keys()].toSorted()).toEqual(Object.keys(failureKinds).toSorted());
});

test('it tells what each word of Bearerway-Retry means', () => {
  const outcomes = [...source.matchAll(/^ {2}\| '(done|skipped; reason=[\w-]+)'/gm)].map(([, outcome]) => outcome);
  expect(outcomes).toHaveLength(6);
  for (const outcome of outcomes) expect(text).toMatch(new RegExp(`^\\| \`${outcome}\` \\|`, 'm'));
});

describe('what it quotes is what the product says', () => {
  /** Quoted text of three words and more; what stands for something else, `…`, divides it. */
  const quotes = [...text.matchAll(/`([^`]*)`/g)].flatMap(([, quoted = '']) => quoted.split('…'));
  const sentences = quotes
    .map((each) => each.trim())
    .filter((each) => /^[a-z]+ [a-z]+ \w+/.test(each) && !each.startsWith('bearerway check'));

  test.each([...new Set(sentences)])('%s', (sentence) => {
    // An answer's status and the provider's word for it come from outside.
    const parts = sentence.replace(/ \d{3}( \w+)?$/, '').split(': ');
    expect(parts.filter((part) => !source.includes(part))).toEqual([]);
  });

  test('there is much of it', () => {
    expect(sentences.length).toBeGreaterThan(20);
  });
});
