import { expect, test } from 'vitest';
import type { Answer, AnswerFlow } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { Events } from '../../src/server/events.ts';
import { Stop } from '../../src/stop.ts';
import { MovedClock } from '../support/clock.ts';

/** One who listens, and takes what comes or does not. */
class Listening implements Answer {
  readonly signal = new Stop();
  heard = '';
  takes = true;
  failed = 0;
  #flow: AnswerFlow | undefined;

  interim(): void {}

  head(_: unknown, flow: AnswerFlow): void {
    this.#flow = flow;
  }

  data(chunk: Buffer): boolean {
    this.heard += chunk.toString();
    return this.takes;
  }

  end(): void {}

  fail(): void {
    this.failed += 1;
  }

  /** It reads again. */
  resume(): void {
    this.takes = true;
    this.#flow?.resume();
  }

  count(name: string): number {
    return this.heard.split(`event: ${name}\n`).length - 1;
  }
}

function start() {
  const clock = new MovedClock();
  const asked = { status: 0, told: 0 };
  const events = new Events<number>({
    clock,
    status: () => ({ number: ++asked.status }),
    listened: () => {},
    told: (request) => ({ request, number: ++asked.told }),
  });
  const join = (listening = new Listening()): Listening => {
    const request = { method: 'GET', target: '/', fields: Fields.none, body: undefined, client: '' };
    void events.page.visit({ name: '', request, answer: listening, signal: listening.signal });
    return listening;
  };
  return { clock, asked, events, join };
}

test('nothing is computed while nobody listens, neither before nor behind', () => {
  const { clock, asked, events, join } = start();
  const pass = (): void => {
    for (let i = 0; i < 10; i += 1) {
      events.publish(i);
      clock.advance(1000);
    }
  };
  pass();
  expect(asked).toEqual({ status: 0, told: 0 });
  expect(clock.waiting).toBe(0);

  const listening = join();
  pass();
  expect(asked).toEqual({ status: 11, told: 10 });
  listening.signal.abort();
  expect(clock.waiting).toBe(0);
  pass();
  expect(asked).toEqual({ status: 11, told: 10 });
  expect(clock.waiting).toBe(0);
});

test('the status is computed once a second, however many listen', () => {
  const { clock, asked, join } = start();
  const all = Array.from({ length: 16 }, () => join());
  clock.advance(5000);
  expect(asked.status).toBe(16 + 5);
  for (const listening of all) expect(listening.count('status')).toBe(6);
});

test('who leaves and comes again does not make it more often', () => {
  const { clock, join } = start();
  join().signal.abort();
  const again = join();
  clock.advance(10_000);
  expect(again.count('status')).toBe(11);
});

test('one who is slow misses what comes meanwhile, and goes on when it reads again', () => {
  const { clock, events, join } = start();
  const [slow, quick] = [join(), join()];
  slow.takes = false;
  clock.advance(1000);
  events.publish(1);
  clock.advance(8000);
  expect(slow.count('status')).toBe(2);
  expect(slow.count('request')).toBe(0);
  expect(quick.count('status')).toBe(10);
  slow.resume();
  clock.advance(20_000);
  expect(slow.count('status')).toBe(22);
  expect(slow.failed).toBe(0);
});

test('one who takes nothing for ten seconds is dropped, and makes room', () => {
  const { clock, join } = start();
  const slow = join(Object.assign(new Listening(), { takes: false }));
  const quick = Array.from({ length: 15 }, () => join());
  clock.advance(9000);
  expect(slow.failed).toBe(0);
  expect(() => join()).toThrow('16 listen already');
  clock.advance(1000);
  expect(slow.failed).toBe(1);
  expect(join().count('status')).toBe(1);
  expect(quick[0]?.count('status')).toBe(11);
});

test('what was left of a batch for one who has left is not told to who comes next', () => {
  const { clock, events, join } = start();
  const first = join();
  for (let i = 0; i < 100; i += 1) events.publish(i);
  first.signal.abort();
  const second = join();
  clock.advance(250);
  expect(second.count('request') + second.count('skipped')).toBe(0);
});
