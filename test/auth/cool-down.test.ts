import { expect, test } from 'vitest';
import { CoolDown } from '../../src/auth/cool-down.ts';
import type { Token } from '../../src/auth/token.ts';
import { Secret } from '../../src/secret.ts';
import { MovedClock } from '../support/clock.ts';

function begin(): { clock: MovedClock; coolDown: CoolDown; refuseNew: () => void } {
  const clock = new MovedClock();
  const coolDown = new CoolDown(clock);
  return { clock, coolDown, refuseNew: () => coolDown.secondRefusal(newToken()) };
}

function newToken(): Token {
  const times = { requestedAtMs: 0, requestedAtWallMs: 0, lifetimeMs: 1e9, staleAfterMs: 1e9 };
  return { value: new Secret('x'), ...times };
}

test('a second refusal begins it: 10 s, doubling to 5 min while nothing is accepted', () => {
  const { clock, coolDown, refuseNew } = begin();
  expect(coolDown.active).toBe(false);

  for (const ms of [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]) {
    refuseNew();
    clock.advance(ms - 1);
    expect(coolDown.active).toBe(true);
    clock.advance(1);
    expect(coolDown.active).toBe(false);
  }
});

test('many requests that one new token is refused to count as one useless renewal', () => {
  const { clock, coolDown } = begin();
  const token = newToken();
  for (let i = 0; i < 100; i++) coolDown.secondRefusal(token);
  clock.advance(10_000);

  expect(coolDown.active).toBe(false);
});

test('an accepted request ends it, and it begins anew with 10 s', () => {
  const { clock, coolDown, refuseNew } = begin();
  refuseNew();
  clock.advance(10_000);
  refuseNew();
  coolDown.accepted();
  expect(coolDown.active).toBe(false);

  refuseNew();
  clock.advance(9999);
  expect(coolDown.active).toBe(true);
  clock.advance(1);
  expect(coolDown.active).toBe(false);
});

test('after ten useless renewals in a minute an accepted request does not end it', () => {
  const { clock, coolDown, refuseNew } = begin();
  for (let useless = 1; useless <= 10; useless++) {
    refuseNew();
    expect(coolDown.active).toBe(true);
    coolDown.accepted();
    expect(coolDown.active).toBe(useless === 10);
    clock.advance(100);
  }
  clock.advance(9899);
  coolDown.accepted();
  expect(coolDown.active).toBe(true);
  clock.advance(1);
  expect(coolDown.active).toBe(false);
});

test('ten useless renewals in more than a minute are no storm', () => {
  const { clock, coolDown, refuseNew } = begin();
  for (let useless = 1; useless <= 20; useless++) {
    refuseNew();
    coolDown.accepted();
    expect(coolDown.active).toBe(false);
    clock.advance(6700);
  }
});

test('one endpoint that always refuses beside healthy ones costs at most 16 renewals in a minute, whoever asks', () => {
  const { clock, coolDown, refuseNew } = begin();
  let renewals = 0;
  for (let ms = 0; ms < 60_000; ms += 10) {
    if (!coolDown.active) {
      renewals += 1;
      refuseNew();
    }
    coolDown.accepted();
    clock.advance(10);
  }

  expect(renewals).toBeLessThanOrEqual(16);
});
