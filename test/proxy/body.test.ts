import { expect, test } from 'vitest';
import type { Failure } from '../../src/errors.ts';
import type { BodySink, InboundBody } from '../../src/exchange.ts';
import { outboundBody, ReplayMemory } from '../../src/proxy/body.ts';

/** A body that comes as the test says. */
class GivenBody implements InboundBody {
  readonly length: number | undefined;
  readonly #sink = Promise.withResolvers<BodySink>();
  readonly sink = this.#sink.promise;
  paused = false;

  constructor(length?: number) {
    this.length = length;
  }

  read(sink: BodySink): void {
    this.#sink.resolve(sink);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}

/** Takes a body down. */
class Taken implements BodySink {
  text = '';
  ending: Failure | 'end' | undefined;

  data(chunk: Buffer): void {
    this.text += chunk.toString();
  }

  end(): void {
    this.ending = 'end';
  }

  fail(failure: Failure): void {
    this.ending = failure;
  }
}

test('a body of known, small length takes its length while it is needed, and gives it back once', async () => {
  const memory = new ReplayMemory(10);
  const given = new GivenBody(3);
  const body = outboundBody(given, { most: 5, memory });
  expect(memory.taken).toBe(3);
  const sink = await given.sink;
  sink.data(Buffer.from('abc'));
  sink.end();
  const whole = await body;
  expect(whole.whole?.toString()).toBe('abc');
  whole.settle();
  whole.settle();
  expect(memory.taken).toBe(0);
});

test('a streamed body keeps what it sent until it is too much, and gives all of it back then', async () => {
  const memory = new ReplayMemory(100);
  const given = new GivenBody();
  const body = await outboundBody(given, { most: 5, memory });
  body.open(new Taken());
  const sink = await given.sink;
  sink.data(Buffer.from('abcde'));
  expect([body.replayable, memory.taken]).toEqual([true, 5]);
  sink.data(Buffer.from('f'));
  expect([body.replayable, memory.taken]).toEqual([false, 0]);
  body.settle();
  expect(memory.taken).toBe(0);
});

test('what one sender got is given to the next from the first byte on, and the first hears no more', async () => {
  const memory = new ReplayMemory(100);
  const given = new GivenBody();
  const body = await outboundBody(given, { most: 50, memory });
  const [first, second] = [new Taken(), new Taken()];
  const flow = body.open(first);
  const sink = await given.sink;
  sink.data(Buffer.from('abc'));
  flow.detach();
  expect(given.paused).toBe(true);
  body.open(second);
  expect(given.paused).toBe(false);
  sink.data(Buffer.from('def'));
  sink.end();
  expect([first.text, first.ending]).toEqual(['abc', undefined]);
  expect([second.text, second.ending]).toEqual(['abcdef', 'end']);
});

test('what nobody takes any more is read and forgotten, so that the client gets to read its answer', async () => {
  const memory = new ReplayMemory(100);
  const given = new GivenBody();
  const body = await outboundBody(given, { most: 50, memory });
  const flow = body.open(new Taken());
  (await given.sink).data(Buffer.from('abc'));
  flow.detach();
  body.settle();
  expect([given.paused, memory.taken]).toEqual([false, 0]);
});

test('a body that finds no room is streamed, and nothing of it kept', async () => {
  const memory = new ReplayMemory(4);
  const body = await outboundBody(new GivenBody(6), { most: 10, memory });
  expect([body.whole, memory.taken]).toEqual([undefined, 0]);
});
