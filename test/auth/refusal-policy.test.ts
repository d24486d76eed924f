import { expect, test } from 'vitest';
import { CoolDown } from '../../src/auth/cool-down.ts';
import { RefusalPolicy } from '../../src/auth/refusal-policy.ts';
import type { Token, TokenSource } from '../../src/auth/token.ts';
import type { AnswerHead, OutboundRequest } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { Secret } from '../../src/secret.ts';
import { MovedClock } from '../support/clock.ts';

const request: OutboundRequest = { method: 'GET', target: '/', fields: Fields.none, body: undefined };
const upload: OutboundRequest = {
  ...request,
  body: {
    length: 9,
    whole: undefined,
    replayable: false,
    lend: () => () => {},
    settle() {},
    open: () => {
      throw new Error('nobody sends it');
    },
  },
};

function head(status: number): AnswerHead {
  return { status, reason: '', fields: Fields.none };
}

/** A source whose every renewal brings a new token at once. */
function start() {
  const clock = new MovedClock();
  const next = (): Token => ({
    value: new Secret('x'),
    requestedAtMs: clock.monotonicMs(),
    requestedAtWallMs: clock.wallMs(),
    lifetimeMs: 80_000_000,
    staleAfterMs: 70_000_000,
  });
  let current = next();
  let renewals = 0;
  const tokens: TokenSource = {
    current: () => current,
    get: async () => current,
    async renew(refused) {
      if (refused === current) {
        renewals += 1;
        current = next();
      }
      return current;
    },
  };
  const policy = new RefusalPolicy({ tokens, statuses: [401], coolDown: new CoolDown(clock) });
  return { clock, policy, current: () => current, renewals: () => renewals };
}

const COOLING = 'skipped; reason=cooldown';

test('clients that leave while their token is renewed make no storm: a refusal of what it brought is the second', async () => {
  const { policy, current, renewals, clock } = start();
  for (let i = 0; i < 30; i++) {
    const token = current();
    if (policy.judge(head(401), request, token) !== 'try again') continue;
    policy.leftUntried(token);
    await Promise.resolve();
  }
  expect(renewals()).toBe(1);
  clock.advance(10_000);
  expect(policy.judge(head(401), request, current())).toBe('try again');
});

test('uploads too large to be sent again renew one time before each pause, and again behind it', async () => {
  const { policy, current, renewals, clock } = start();
  for (const [round, pauseMs] of [10_000, 20_000, 40_000].entries()) {
    for (let i = 0; i < 5; i++) {
      const token = current();
      const verdict = policy.judge(head(401), upload, token);
      if (verdict === 'skipped; reason=body-too-large') policy.renewForTheNext(token);
      else expect(verdict).toBe(COOLING);
      await Promise.resolve();
    }
    expect(renewals()).toBe(round + 1);
    clock.advance(pauseMs);
  }
});

test('what a large upload left untried is tried by a small request in the ordinary way', async () => {
  const { policy, current } = start();
  policy.renewForTheNext(current());
  await Promise.resolve();
  expect(policy.judge(head(401), request, current())).toBe('try again');
});

test.each([500, 503, 429])('a %d says nothing of the token: the pause goes on', (status) => {
  const { policy, current } = start();
  policy.judgeSecond(head(401), current());
  expect(policy.judge(head(status), request, current())).toBe('accepted');
  expect(policy.judge(head(401), request, current())).toBe(COOLING);
});

test.each([200, 302, 403, 404])('a %d is an accepted token: the pause is over', (status) => {
  const { policy, current } = start();
  policy.judgeSecond(head(401), current());
  expect(policy.judge(head(status), request, current())).toBe('accepted');
  expect(policy.judge(head(401), request, current())).toBe('try again');
});
