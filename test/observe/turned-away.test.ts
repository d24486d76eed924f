import { expect, test } from 'vitest';
import { createLog, turnedAwayLog } from '../../src/observe/log.ts';
import { MovedClock } from '../support/clock.ts';

test('however many connections are turned away, the log has a line each ten seconds, which counts them', () => {
  const lines: { level: string; connections: number }[] = [];
  const clock = new MovedClock();
  const turnedAway = turnedAwayLog(createLog('info', { write: (line) => lines.push(JSON.parse(line)) }), clock);
  const told = () => lines.map(({ level, connections }) => `${level} ${connections}`);
  for (let i = 0; i < 1000; i += 1) turnedAway();
  expect(told()).toEqual(['warn 1']);
  clock.advance(9999);
  turnedAway();
  expect(told()).toEqual(['warn 1']);
  clock.advance(1);
  turnedAway();
  expect(told()).toEqual(['warn 1', 'warn 1001']);
});
