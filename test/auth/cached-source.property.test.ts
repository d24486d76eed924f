import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Token, tokenState } from '../../src/auth/token.ts';
import { Failure } from '../../src/errors.ts';
import { settled, TestedSource } from './source.ts';

type Step =
  | { readonly do: 'get' | 'current' | 'refresh' }
  | { readonly do: 'leave'; readonly who: number }
  | { readonly do: 'renew'; readonly which: number }
  | { readonly do: 'answer'; readonly lifetimeMs: number }
  | {
      readonly do: 'fail';
      readonly code: 'token_unavailable' | 'token_refused' | 'token_invalid';
      readonly retryAfterMs: number | undefined;
    }
  | { readonly do: 'advance' | 'jump'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('get' as const, 'current' as const, 'refresh' as const) }),
  fc.record({ do: fc.constant('leave' as const), who: fc.nat(50) }),
  fc.record({ do: fc.constant('renew' as const), which: fc.nat(50) }),
  fc.record({ do: fc.constant('answer' as const), lifetimeMs: fc.constantFrom(1, 1000, 60_000, 3_600_000) }),
  fc.record({
    do: fc.constant('fail' as const),
    code: fc.constantFrom('token_unavailable' as const, 'token_refused' as const, 'token_invalid' as const),
    retryAfterMs: fc.constantFrom(undefined, 0, 3000, 400_000),
  }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(0, 1, 500, 30_000, 60_000, 3_600_000) }),
  fc.record({ do: fc.constant('jump' as const), ms: fc.constantFrom(-3_600_000, 31_000, 86_400_000) }),
);

/**
 * The model: the last token that came (by its number, so that an older one is a smaller one), whether it is alive,
 * and until when nobody may ask. Whatever the source hands out is held against it at that moment.
 */
class Model {
  readonly tested = new TestedSource(0.5);
  readonly #issued: Token[] = [];
  #newestHanded = 0;
  readonly #waiting: { readonly leaving: AbortController; readonly done: Promise<void> }[] = [];

  async run(steps: readonly Step[]): Promise<void> {
    for (const each of steps) {
      await this.#take(each);
      expect(this.tested.mostAtOnce).toBeLessThanOrEqual(1);
    }
    await this.#land(60_000);
    await Promise.all(this.#waiting.map(({ done }) => done));
    expect(this.tested.underWay).toBe(0);
  }

  async #take(given: Step): Promise<void> {
    const { tested } = this;
    const before = { requests: tested.requests, underWay: tested.underWay, blocked: tested.backoff.remainingMs > 0 };
    const alive = this.#alive();
    const fresh = alive !== undefined && tokenState(alive, tested.clock) === 'fresh';
    if (given.do === 'advance') tested.clock.advance(given.ms);
    if (given.do === 'jump') tested.clock.jump(given.ms);
    if (given.do === 'answer') await this.#land(given.lifetimeMs);
    if (given.do === 'fail' && tested.underWay > 0)
      await tested.fail(given.code, given.retryAfterMs === undefined ? {} : { retryAfterMs: given.retryAfterMs });
    if (given.do === 'leave')
      this.#waiting.at(given.who % (this.#waiting.length || 1))?.leaving.abort(new Error('left'));
    if (given.do === 'refresh') tested.source.refresh();
    if (given.do === 'current') this.#handed(tested.source.current(), alive);
    if (given.do === 'get') this.#wait((signal) => tested.source.get(signal));
    if (given.do === 'renew') this.#renew(given.which);
    await settled();
    if (before.blocked) expect(tested.requests).toBe(before.requests);
    if (given.do !== 'get' && given.do !== 'current') return;
    if (fresh) expect(tested.requests).toBe(before.requests);
    else if ((given.do === 'get' || alive !== undefined) && !before.blocked) expect(tested.underWay).toBe(1);
  }

  /** The newest token, if it may be sent. */
  #alive(): Token | undefined {
    const newest = this.#issued.at(-1);
    return newest !== undefined && tokenState(newest, this.tested.clock) !== 'expired' ? newest : undefined;
  }

  #handed(token: Token | undefined, expected = this.#alive()): void {
    expect(token?.value.reveal()).toBe(expected?.value.reveal());
    if (token === undefined) return;
    expect(tokenState(token, this.tested.clock)).not.toBe('expired');
    const number = Number(token.value.reveal().replace('token-', ''));
    expect(number).toBeGreaterThanOrEqual(this.#newestHanded);
    this.#newestHanded = number;
  }

  #renew(which: number): void {
    const refused = this.#issued.at(which % (this.#issued.length || 1));
    if (refused === undefined) return;
    const { requests } = this.tested;
    const alive = this.#alive();
    const blocked = this.tested.backoff.remainingMs > 0;
    this.#wait((signal) => this.tested.source.renew(refused, signal), refused);
    if (refused === alive && !blocked) expect(this.tested.underWay).toBe(1);
    const older = alive !== undefined && refused !== alive;
    // A renewal of ours may start since the current token is stale, but none for the sake of an older one.
    if (older && tokenState(alive, this.tested.clock) === 'fresh') expect(this.tested.requests).toBe(requests);
  }

  #wait(ask: (signal: AbortSignal) => Promise<Token>, refused?: Token): void {
    const leaving = new AbortController();
    const done = ask(leaving.signal).then(
      (token) => {
        this.#handed(token);
        expect(token).not.toBe(refused);
      },
      (thrown: unknown) => expect(leaving.signal.aborted || thrown instanceof Failure).toBe(true),
    );
    this.#waiting.push({ leaving, done });
  }

  async #land(lifetimeMs: number): Promise<void> {
    if (this.tested.underWay === 0) return;
    // The model knows of it before those who wait do.
    const landing = this.tested.answer({ lifetimeMs }, (token) => {
      if (tokenState(token, this.tested.clock) !== 'expired') this.#issued.push(token);
    });
    await landing;
  }
}

test('however requests, answers, failures, refusals and clocks interleave: one flight, the newest token, never an expired one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => new Model().run(steps)),
    { numRuns: 300 },
  );
});
