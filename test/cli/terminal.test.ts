import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { paintOn } from '../../src/cli/paint.ts';
import { runProgram } from '../../src/cli/program.ts';
import { waitingFor } from '../../src/cli/progress.ts';
import { MovedClock } from '../support/clock.ts';
import { configFile } from './command.ts';
import { Console } from './console.ts';

test.each<[string, boolean, Readonly<Record<string, string>>, boolean]>([
  ['a terminal', true, {}, true],
  ['a pipe', false, {}, false],
  ['a terminal with NO_COLOR', true, { NO_COLOR: '1' }, false],
  ['a terminal with an empty NO_COLOR', true, { NO_COLOR: '' }, true],
  ['a terminal that knows no colours', true, { TERM: 'dumb' }, false],
  ['a pipe with FORCE_COLOR', false, { FORCE_COLOR: '1' }, true],
  ['a terminal with FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, false],
  ['a terminal with both', true, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
])('%s: coloured is %s', (_, isTTY, env, coloured) => {
  expect(paintOn({ isTTY }, env)('red', 'x')).toBe(coloured ? '\u001b[31mx\u001b[39m' : 'x');
});

test('what takes more than half a second is told on a terminal, and the words are taken away again', async () => {
  const clock = new MovedClock();
  const console = new Console({ terminal: true });
  const { promise, resolve } = Promise.withResolvers<string>();
  const waiting = waitingFor(promise, 'getting 2 tokens', { ...console.process, clock });
  clock.advance(499);
  expect(console.stderr).toBe('');
  clock.advance(1);
  await console.wrote('getting 2 tokens …');
  resolve('there');
  expect(await waiting).toBe('there');
  await console.wrote('\r\u001b[K');
  expect(console.stdout).toBe('');
});

test.each([
  ['what is quick', true, 0],
  ['what nobody sees', false, 60_000],
])('%s is not told', async (_, terminal, ms) => {
  const clock = new MovedClock();
  const console = new Console({ terminal });
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiting = waitingFor(promise, 'getting 2 tokens', { ...console.process, clock });
  clock.advance(ms);
  resolve();
  await waiting;
  clock.advance(60_000);
  expect(console.stderr).toBe('');
});

test('a failure takes the words away, too', async () => {
  const clock = new MovedClock();
  const console = new Console({ terminal: true });
  const { promise, reject } = Promise.withResolvers<void>();
  const waiting = waitingFor(promise, 'waiting', { ...console.process, clock });
  clock.advance(500);
  reject(new Error('no'));
  await expect(waiting).rejects.toThrow('no');
  await console.wrote('waiting …\r\u001b[K');
});

test('faults and complaints are coloured on a terminal, and the same words without', async () => {
  const file = await configFile('routes: []\n');
  const [coloured, plain] = [new Console({ terminal: true }), new Console({ terminal: true, env: { NO_COLOR: '1' } })];
  for (const { process } of [coloured, plain]) {
    expect(await runProgram(['check', '-c', file], process)).toBe(2);
    expect(await runProgram(['chekc'], process)).toBe(2);
  }
  await coloured.wrote('did you mean');
  expect(coloured.stderr).toContain(`\u001b[1m${file}:1:9\u001b[22m routes: is empty`);
  expect(coloured.stderr).toContain('\u001b[31mbearerway:\u001b[39m there is no command');
  expect(plain.stderr).toBe(stripVTControlCharacters(coloured.stderr));
  expect(plain.stderr).not.toContain('\u001b');
});
