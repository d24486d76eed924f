import { expect, test } from 'vitest';
import type { BodySink, InboundBody } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { watched } from '../../src/proxy/watched-body.ts';
import { MovedClock } from '../support/clock.ts';

const IDLE_MS = 1000;

/** Counts the timers that were set. */
class CountedClock extends MovedClock {
  timers = 0;

  override after(delayMs: number, callback: () => void): () => void {
    this.timers += 1;
    return super.after(delayMs, callback);
  }
}

function start(comes: (sink: BodySink) => void = () => {}) {
  const clock = new CountedClock();
  let sink: BodySink | undefined;
  const body: InboundBody = {
    length: undefined,
    pause() {},
    resume() {},
    read(given) {
      sink = given;
      comes(given);
    },
  };
  const ends: string[] = [];
  const watch = watched(body, { idleMs: IDLE_MS, clock, record: { bytesIn: 0 }, passed: (trailers) => trailers });
  watch.read({ data: () => {}, end: () => ends.push('end'), fail: ({ code }) => ends.push(code) });
  return { clock, watch, ends, sink: () => sink as BodySink, turn: () => new Promise((next) => setImmediate(next)) };
}

test('a body that is at hand sets no timer', async () => {
  const { clock, ends, turn } = start((sink) => {
    sink.data(Buffer.from('a'));
    sink.end(Fields.none);
  });
  await turn();
  expect([clock.timers, ends]).toEqual([0, ['end']]);
});

test('silence is timed from the last chunk on, and not by a timer for each', async () => {
  const { clock, ends, sink, turn } = start();
  await turn();
  for (let i = 0; i < 99; i += 1) {
    clock.advance(10);
    sink().data(Buffer.from('a'));
  }
  expect(clock.timers).toBe(1);
  clock.advance(IDLE_MS - 1);
  expect(ends).toEqual([]);
  clock.advance(1);
  expect(ends).toEqual(['request_timeout']);
  expect(clock.timers).toBeLessThan(4);
});

test('while the body is held back nobody is silent', async () => {
  const { clock, watch, ends, turn } = start();
  await turn();
  watch.pause();
  clock.advance(10 * IDLE_MS);
  expect(ends).toEqual([]);
  watch.resume();
  await turn();
  clock.advance(IDLE_MS);
  expect(ends).toEqual(['request_timeout']);
});
