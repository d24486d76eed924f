import { expect, test } from 'vitest';
import { prettyLines } from '../../src/observe/pretty-lines.ts';

test('lines that come at once, as those of a worker do, are told one by one', () => {
  const told: string[] = [];
  const line = (msg: string) => `${JSON.stringify({ level: 'info', time: '2026-11-21T00:00:00.000Z', msg })}\n`;
  prettyLines({ write: (words) => void told.push(words) }, false).write(line('one') + line('two'));
  expect(told).toEqual([expect.stringMatching(/INFO: one\n$/), expect.stringMatching(/INFO: two\n$/)]);
});
