/**
 * Found by the fuzz of configs. Keys are told as they stand, and one of them held an escape sequence: whoever ran
 * `check` on somebody else's file had it carried out by the terminal; and a key with a line break made two lines of one.
 */
import { expect, test } from 'vitest';
import { faultsOf, withRoute } from '../config/reading.ts';

test.each([
  ['unknown', String.raw`"\e[2J\nx\x9b": 1`],
  ['of a credential', String.raw`credentials: {"\e]0;x\a": {type: nothing}}`],
  ['proposed', String.raw`credentials: {"\e[31mmain": {type: static, token: x}}`, 'credential: main'],
])('a key that is told holds nothing that could steer a terminal, and no end of a line: %s', (_, source, more = '') => {
  const faults = faultsOf(`${source}\n${withRoute(more)}`);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(/^proxy\.yaml:\d+:\d+ [^\p{Cc}]*\?[^\p{Cc}]*$/u);
});
