import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { BodySink, InboundBody } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { outboundBody, ReplayMemory } from '../../src/proxy/body.ts';
import { bufferToBeSpent } from '../../src/spent.ts';

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
  chunks = 0;
  ending: Failure | 'end' | undefined;

  data(chunk: Buffer): void {
    this.text += chunk.toString();
    this.chunks += 1;
  }

  end(): void {
    this.ending = 'end';
  }

  fail(failure: Failure): void {
    this.ending = failure;
  }
}

test('a body of known, small length takes what has come of it while it is needed, and gives it back once', async () => {
  const memory = new ReplayMemory(10);
  const given = new GivenBody(3);
  const body = outboundBody(given, { most: 5, memory });
  expect(memory.taken).toBe(0);
  const sink = await given.sink;
  sink.data(Buffer.from('abc'));
  expect(memory.taken).toBe(3);
  sink.end(Fields.none);
  const whole = await body;
  expect(whole.whole?.map(String)).toEqual(['abc']);
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
  sink.end(Fields.none);
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

/** So many chunks of one byte, no two neighbours alike. */
function singleBytes(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => Buffer.from(String(index % 7)));
}

test.each([
  ['of known length', 5000],
  ['chunked', undefined],
])('a body in chunks of one byte takes no object for each of them, and is the same again: %s', async (_, length) => {
  const memory = new ReplayMemory(100_000);
  const given = new GivenBody(length);
  const pending = outboundBody(given, { most: 50_000, memory });
  const [first, second] = [new Taken(), new Taken()];
  const bytes = singleBytes(5000);
  if (length === undefined) (await pending).open(first).detach();
  const sink = await given.sink;
  for (const byte of bytes) sink.data(byte);
  sink.end(Fields.none);
  const body = await pending;
  body.open(second);

  expect(second.text).toBe(Buffer.concat(bytes).toString());
  expect(second.chunks).toBeLessThan(10);
  expect(memory.taken).toBeGreaterThanOrEqual(5000);
  expect(memory.taken).toBeLessThan(15_000);
  body.settle();
  expect(memory.taken).toBe(0);
});

test('a body of known length that came in many chunks is a few', async () => {
  const memory = new ReplayMemory(5000);
  const given = new GivenBody(5000);
  const pending = outboundBody(given, { most: 5000, memory });
  const sink = await given.sink;
  for (const byte of singleBytes(5000)) sink.data(byte);
  sink.end(Fields.none);
  const { whole = [] } = await pending;
  expect(Buffer.concat(whole)).toEqual(Buffer.concat(singleBytes(5000)));
  expect(whole.length).toBeLessThan(5);
  expect(memory.taken).toBe(5000);
});

test('bodies that are announced and do not come take no room from those that do', async () => {
  const memory = new ReplayMemory(100);
  for (let i = 0; i < 10; i++) void outboundBody(new GivenBody(90), { most: 90, memory });
  const given = new GivenBody(90);
  const pending = outboundBody(given, { most: 90, memory });
  const sink = await given.sink;
  sink.data(Buffer.alloc(90));
  sink.end(Fields.none);
  expect((await pending).whole?.map(({ length }) => length)).toEqual([90]);
});

test('a large chunk is kept as it is; of one that much else hangs on, a copy', async () => {
  const memory = new ReplayMemory(100_000);
  const given = new GivenBody(36_000);
  const pending = outboundBody(given, { most: 36_000, memory });
  const sink = await given.sink;
  const large = Buffer.alloc(10_000, 'a');
  const part = Buffer.alloc(30_000, 'b').subarray(0, 10_000);
  for (const chunk of [large, part, Buffer.from('c'.repeat(6000)), large]) sink.data(chunk);
  sink.end(Fields.none);
  const { whole = [] } = await pending;
  expect(whole[0]).toBe(large);
  expect(whole.some(({ buffer }) => buffer === part.buffer)).toBe(false);
  expect(String(Buffer.concat(whole))).toBe(`${large}${part}${'c'.repeat(6000)}${large}`);
  expect(memory.taken).toBe(36_000);
});

test.each(['end', 'fail'] as const)(
  'a body whose room runs out in the middle is sent once, from its first byte: %s',
  async (how) => {
    const memory = new ReplayMemory(3000);
    const given = new GivenBody(2500);
    const pending = outboundBody(given, { most: 2500, memory });
    const sink = await given.sink;
    const bytes = singleBytes(2500);
    for (const byte of bytes.slice(0, 1000)) sink.data(byte);
    expect(memory.take(1900)).toBe(true);
    for (const byte of bytes.slice(1000, 1100)) sink.data(byte);
    const body = await pending;
    expect([body.whole, body.length, body.replayable, given.paused]).toEqual([undefined, 2500, true, true]);

    const taken = new Taken();
    body.open(taken);
    expect([given.paused, memory.taken, body.replayable]).toEqual([false, 1900, false]);
    for (const byte of bytes.slice(1100)) sink.data(byte);
    const failure = new Failure('bad_request', 'cut short');
    if (how === 'end') sink.end(Fields.none);
    else sink.fail(failure);
    expect(taken.text).toBe(Buffer.concat(bytes).toString());
    expect(taken.ending).toBe(how === 'end' ? 'end' : failure);
  },
);

test('a body that is cut short while it is waited for gives back what it took', async () => {
  const memory = new ReplayMemory(100);
  for (const cut of [
    (sink: BodySink) => sink.fail(new Failure('bad_request', '')),
    (sink: BodySink) => sink.end(Fields.none),
  ]) {
    const given = new GivenBody(10);
    const pending = outboundBody(given, { most: 10, memory });
    const sink = await given.sink;
    sink.data(Buffer.from('abc'));
    cut(sink);
    await expect(pending).rejects.toMatchObject({ code: 'bad_request' });
    expect(memory.taken).toBe(0);
  }
});

describe('of a body that was read before sending, what came from a client is given back', () => {
  const LARGE = 20_000;

  /** One large chunk that nobody else has, and one that somebody else may have. */
  async function whole() {
    const ours = bufferToBeSpent(LARGE);
    const others = Buffer.alloc(LARGE);
    const given = new GivenBody(2 * LARGE);
    const body = outboundBody(given, { most: 2 * LARGE, memory: new ReplayMemory(2 * LARGE) });
    const sink = await given.sink;
    sink.data(ours);
    sink.data(others);
    sink.end(Fields.none);
    return { body: await body, left: () => [ours.length, others.length] };
  }

  test('when it has gone out and no further try will come, in this order or the other; what others may have is left alone', async () => {
    for (const order of ['out first', 'settled first']) {
      const { body, left } = await whole();
      const out = body.lend();
      if (order === 'settled first') body.settle();
      out();
      expect(left()).toEqual([LARGE, LARGE]);
      out();
      if (order === 'out first') {
        expect([left(), body.replayable]).toEqual([[LARGE, LARGE], true]);
        body.settle();
      }
      expect([left(), body.whole, body.replayable]).toEqual([[0, LARGE], undefined, false]);
    }
  });

  test('not before each try has gone out', async () => {
    const { body, left } = await whole();
    const first = body.lend();
    const second = body.lend();
    body.settle();
    for (const out of [second, second, first]) out();
    expect(left()).toEqual([LARGE, LARGE]);
    first();
    expect(left()).toEqual([0, LARGE]);
  });

  test('never, when a try broke off', async () => {
    const { body, left } = await whole();
    body.lend()();
    body.settle();
    expect(left()).toEqual([LARGE, LARGE]);
  });
});
