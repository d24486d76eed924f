import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineBlocks } from '../../src/observe/line-blocks.ts';

const line = fc
  .tuple(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom(1, 3, 200, 3000))
  .map(([text, times]) => `${text.repeat(times)}\n`);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ add: line, isMade: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant('pass') },
  { weight: 1, arbitrary: fc.constant('written') },
);

test('what goes in comes out, byte for byte and in order, and none of it changes before it was written', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      let given = '';
      const taken: Buffer[] = [];
      const written: Buffer[] = [];
      const blocks = new LineBlocks((bytes) => taken.push(bytes));
      for (const each of steps) {
        if (each === 'pass') blocks.pass();
        else if (each === 'written') {
          written.push(...taken.splice(0).map((bytes) => Buffer.from(bytes)));
          blocks.written();
        } else {
          given += each.add;
          blocks.add(each.isMade ? each.add : () => each.add);
        }
      }
      blocks.pass();
      expect(Buffer.concat([...written, ...taken]).equals(Buffer.from(given))).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('lines are made in their turn, together, and no later than they are to go out', () => {
  const made: number[] = [];
  const taken: Buffer[] = [];
  const blocks = new LineBlocks((bytes) => taken.push(bytes));
  const add = (line: number): void => {
    blocks.add(() => {
      made.push(line);
      return `${line}\n`;
    });
  };
  add(0);
  expect(made).toEqual([]);
  blocks.add('1\n');
  add(2);
  blocks.pass();
  expect(made).toEqual([0, 2]);
  expect(`${taken}`).toBe('0\n1\n2\n');
  for (let line = 0; line < 100; line += 1) add(line);
  expect(made.length).toBeGreaterThan(80);
});

test('few lines that wait to be written hold no block each', () => {
  const taken: Buffer[] = [];
  const blocks = new LineBlocks((bytes) => taken.push(bytes));
  for (let i = 0; i < 100; i += 1) {
    blocks.add(`${'x'.repeat(300)}\n`);
    blocks.pass();
  }
  const memories = new Set(taken.map(({ buffer }) => buffer));
  const held = [...memories].reduce((sum, { byteLength }) => sum + byteLength, 0);
  // They share what Node makes for small buffers.
  expect(held).toBeLessThan(10 * 65_536);
});

test('blocks take turns: one is filled while the other is written, and no more are made', () => {
  const memories = new Set<ArrayBufferLike>();
  let isTaken = false;
  const blocks = new LineBlocks(({ buffer }) => {
    memories.add(buffer);
    isTaken = true;
  });
  for (let line = 0; line < 1000; line += 1) {
    blocks.add(`${'x'.repeat(999)}\n`);
    if (isTaken) blocks.written();
    isTaken = false;
  }
  expect(memories.size).toBe(2);
});
