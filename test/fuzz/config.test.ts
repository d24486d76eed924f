import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { faultsOf } from '../config/reading.ts';
import type { Random } from '../support/random.ts';
import { patience, rounds } from './rounds.ts';

const AT_ONCE = 60;
const root = join(import.meta.dirname, '../..');
const shipped = readFileSync(join(root, 'proxy.yaml'), 'utf8');
const told = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  ([, text = '']) => text,
);
const texts = [shipped, ...told];

const pieces = [
  ...[
    '&a ',
    '*a',
    '<<: *a',
    '${X}',
    '${X:-',
    '$${',
    '}',
    '!!binary ',
    '!!set ',
    '!x ',
    '? ',
    '- ',
    '{',
    '[',
    ']',
    ': ',
    ':',
    '\t',
  ],
  ...[
    '\0',
    '"',
    "'",
    '|\n',
    '>-\n',
    '#',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '1e999',
    '0x1f',
    '.inf',
    '.nan',
    'null',
    '~',
    '\n',
    '\n  ',
  ],
  ...[
    '__proto__: 1\n',
    'constructor: {}',
    'routes:',
    'credentials: ',
    '\u2028',
    '\ud800',
    '\ufeff',
    '999999999999999999s',
    'é',
  ],
  ...['[&b [*b]]', '{<<: {a: 1}}', '? [a]\n: b\n', '*missing', '0', '-1', '10000h', 'https://[::1', 'x'.repeat(3000)],
];

function changed(text: string, random: Random): string {
  let result = text;
  for (let times = 1 + random(4); times > 0; times -= 1) {
    const at = random(result.length + 1);
    const to = Math.min(result.length, at + random([1, 5, 80][random(3)] ?? 1));
    const piece = random(4) === 0 ? result.slice(at, at + random(200)) : (pieces[random(pieces.length)] ?? '');
    result = result.slice(0, at) + (random(3) === 0 ? '' : piece) + result.slice(random(2) === 0 ? at : to);
  }
  return result;
}

test('whatever a config holds, it is read, or its faults are told with their places', {
  timeout: patience,
}, async () => {
  await rounds('configs', (random, seed) => {
    const strings = fc.sample(fc.string({ unit: 'binary', maxLength: 60 }), { seed, numRuns: AT_ONCE / 6 });
    const made = Array.from({ length: AT_ONCE }, () => changed(texts[random(texts.length)] ?? '', random));
    for (const text of [...made, ...strings]) {
      // Whatever is no ConfigError is thrown.
      const faults = faultsOf(text, { X: 'a: [b' });
      for (const line of faults) expect(line, JSON.stringify(text)).toMatch(/^proxy\.yaml:\d+:\d+ [^\p{Cc}]+$/u);
      expect(({} as Record<string, unknown>)['1']).toBeUndefined();
    }
    return AT_ONCE + strings.length;
  });
});
