import { expect, test } from 'vitest';
import { Deadlines, NEVER } from '../../src/http1/deadlines.ts';
import { MovedClock } from '../support/clock.ts';

test('a deadline that is set for somebody because another one has passed is kept', () => {
  const clock = new MovedClock();
  const deadlines = new Deadlines(clock);
  const late: string[] = [];
  const first = {
    deadlineMs: NEVER,
    late() {
      this.deadlineMs = NEVER;
      late.push('first');
    },
  };
  const second = {
    deadlineMs: NEVER,
    late() {
      this.deadlineMs = NEVER;
      first.deadlineMs = deadlines.in(1000);
      late.push('second');
    },
  };
  for (const each of [first, second]) deadlines.watch(each);
  second.deadlineMs = deadlines.in(1000);
  clock.advance(1200);
  expect(late).toEqual(['second']);
  clock.advance(1200);
  expect(late).toEqual(['second', 'first']);
  expect(clock.waiting).toBe(0);
});
