import { expect, test } from 'vitest';
import { createLog, tokenLog } from '../../src/observe/log.ts';

function start() {
  const lines: { level: string; msg: string }[] = [];
  const log = createLog('debug', { write: (line) => lines.push(JSON.parse(line)) });
  return { ...tokenLog(log, 'main'), told: () => lines.map(({ level, msg }) => `${level} ${msg}`) };
}

test('two oddities that each token of a credential has are told of once, however many tokens come', () => {
  const { warn, told } = start();
  for (let tokens = 0; tokens < 3; tokens += 1) for (const oddity of ['one', 'other']) warn(oddity);

  expect(told().filter((line) => line.startsWith('warn'))).toEqual(['warn one', 'warn other']);
});

test('however many oddities there are, few are remembered', () => {
  const { warn, told } = start();
  for (let i = 0; i < 17; i += 1) warn(`scope lacks: ${i}`);
  warn('scope lacks: 0');

  expect(told().filter((line) => line === 'warn scope lacks: 0')).toHaveLength(2);
});
