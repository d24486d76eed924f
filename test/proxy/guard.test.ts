import { expect, test, vi } from 'vitest';
import { Fields } from '../../src/fields.ts';
import { guard } from '../../src/proxy/guard.ts';
import { Pages } from '../../src/proxy/pages.ts';
import { Secret } from '../../src/secret.ts';

/** What was compared. */
const compared = vi.hoisted((): [Uint8Array, Uint8Array][] => []);

vi.mock(import('node:crypto'), async (original) => {
  const actual = await original();
  const timingSafeEqual: typeof actual.timingSafeEqual = (one, other) => {
    compared.push([Uint8Array.from(one as Buffer), Uint8Array.from(other as Buffer)]);
    return actual.timingSafeEqual(one, other);
  };
  return { ...actual, timingSafeEqual };
});

function admits(current: () => Secret) {
  const admit = guard({
    anyHost: false,
    hosts: ['localhost'],
    pages: new Pages([]),
    clientToken: current,
    hopId: 'hop',
    isUpstream: () => false,
  });
  return (token: string): boolean => {
    const fields = new Fields(['Host', 'localhost', 'Bearerway-Client-Token', token, 'Authorization', 'Basic eDp5']);
    try {
      admit({ method: 'GET', target: '/', fields, body: undefined, client: '127.0.0.1:5' });
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: 'client_unauthorized' });
      return false;
    }
  };
}

test('a client token is revealed once, however many requests it is held against', () => {
  const secret = new Secret('canary-client-token-9');
  const reveal = vi.spyOn(secret, 'reveal');
  const admit = admits(() => secret);
  const tokens = ['canary-client-token-9', 'canary-client-token-8', '', 'canary-client-token-9'];
  expect(tokens.map(admit)).toEqual([true, false, false, true]);
  expect(reveal).toHaveBeenCalledTimes(1);
});

test('a rotated client token is the one that counts, from the next request on', () => {
  let current = new Secret('canary-one');
  const admit = admits(() => current);
  expect([admit('canary-one'), admit('canary-two')]).toEqual([true, false]);
  current = new Secret('canary-two');
  expect([admit('canary-one'), admit('canary-two')]).toEqual([false, true]);
});

test('B13 whatever is presented, right or wrong from its first byte on, short or long, is compared in the same time', () => {
  const right = 'canary-client-token-9';
  const admit = admits(() => new Secret(right));
  const presented = [right, `x${right.slice(1)}`, `${right.slice(0, -1)}x`, right.slice(0, 3), 'x'.repeat(4000), ''];
  const costs = presented.map((token) => {
    compared.length = 0;
    admit(token);
    return compared.map((pair) => pair.map(({ length }) => length));
  });
  // The one that is right costs no less: a password in Authorization is looked at, too.
  expect(costs).toEqual(
    presented.map(() => [
      [32, 32],
      [32, 32],
    ]),
  );
});
