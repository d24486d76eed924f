import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { beginTurn, endTurn } from '../../src/http1/turn.ts';
import { Writer } from '../../src/http1/writer.ts';
import { connected } from '../support/connected.ts';

const sizes = fc.constantFrom(0, 1, 100, 5000, 8192, 8193, 20_000);
const step = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), size: sizes }),
  fc.record({ kind: fc.constant('bytes' as const), size: sizes }),
  fc.record({ kind: fc.constant('flush' as const), size: fc.constant(0) }),
);

test('what is written in turns goes out in its order, whatever its pieces are', async () => {
  const [here, there] = await connected();
  const writer = new Writer(here);
  let came = Buffer.alloc(0);
  there.on('data', (chunk) => {
    came = Buffer.concat([came, chunk]);
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 5 }), async (turns) => {
      came = Buffer.alloc(0);
      let written = '';
      for (const [at, turn] of turns.entries()) {
        beginTurn();
        for (const { kind, size } of turn) {
          const text = String.fromCharCode(0x61 + at).repeat(size);
          if (kind === 'flush') writer.flush();
          else if (kind === 'text') writer.text(text);
          else writer.bytes(Buffer.from(text));
          written += text;
        }
        endTurn();
      }
      while (came.length < written.length) await once(there, 'data');
      expect(came.toString()).toBe(written);
    }),
    { numRuns: 200 },
  );
});

test('a small chunk that is all of a turn is written as it is; behind a head it goes out with it, in one write', async () => {
  const [here] = await connected();
  const write = vi.spyOn(here, 'write');
  const writer = new Writer(here);
  const chunk = Buffer.from('chunk');
  writer.bytes(chunk);
  writer.flush();
  writer.text('head');
  writer.bytes(chunk);
  writer.flush();
  writer.bytes(chunk);
  writer.text('\r\n');
  writer.flush();
  expect(write.mock.calls.map(([what]) => what)).toEqual([chunk, 'headchunk', 'chunk\r\n']);
});

describe('that a chunk is out is told', () => {
  test('of a large one when the system has it, and not before', async () => {
    const [here, there] = await connected();
    there.pause();
    const writer = new Writer(here);
    const out: Promise<Buffer>[] = [];
    const told = vi.fn();
    while (here.writableLength === 0) {
      const { promise, resolve } = Promise.withResolvers<Buffer>();
      out.push(promise);
      writer.bytes(Buffer.alloc(1_000_000, out.length), (chunk) => {
        told();
        resolve(chunk);
      });
      writer.flush();
    }
    await new Promise((next) => setImmediate(next));
    expect(told).toHaveBeenCalledTimes(out.length - 1);
    there.resume();
    expect((await Promise.all(out)).map(([first]) => first)).toEqual(out.map((_, at) => at + 1));
  });

  test('of a small one behind a head at once: it is copied', async () => {
    const [here] = await connected();
    const writer = new Writer(here);
    const chunk = Buffer.from('chunk');
    const out = vi.fn();
    writer.text('head');
    writer.bytes(chunk, out);
    expect(out).toHaveBeenCalledExactlyOnceWith(chunk);
  });

  test('never of a small one that goes out as it is, and never of one that did not go out', async () => {
    const [here, there] = await connected();
    const writer = new Writer(here);
    const out = vi.fn();
    writer.bytes(Buffer.from('chunk'), out);
    writer.flush();
    await once(there, 'data');
    there.pause();
    while (here.writableLength === 0) {
      writer.bytes(Buffer.alloc(1_000_000));
      writer.flush();
    }
    for (const ended of [false, true]) {
      writer.bytes(Buffer.alloc(20_000), out);
      writer.flush();
      if (!ended) here.destroy();
    }
    await once(here, 'close');
    expect(out).not.toHaveBeenCalled();
  });
});
