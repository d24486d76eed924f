import { expect, test } from 'vitest';
import { authorizedSend } from '../../src/auth/authorized-send.ts';
import { injection } from '../../src/auth/injection.ts';
import type { TokenSource } from '../../src/auth/token.ts';
import { TokenWaits } from '../../src/auth/token-waits.ts';
import { systemClock } from '../../src/clock.ts';
import { Failure } from '../../src/errors.ts';
import type { Answer } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { Secret } from '../../src/secret.ts';

const token = { value: new Secret('x'), requestedAtMs: 0, requestedAtWallMs: 0, lifetimeMs: 1e9, staleAfterMs: 1e9 };
const request = { method: 'GET', target: '/', fields: Fields.none, body: undefined };

/** Takes no head: as a client's side does that cannot write it. */
function answerThatThrows(): { answer: Answer; failed: Promise<Failure> } {
  const { promise, resolve } = Promise.withResolvers<Failure>();
  const answer: Answer = {
    interim() {},
    head() {
      throw new Error('this head cannot be written');
    },
    data: () => true,
    end() {},
    fail: resolve,
  };
  return { answer, failed: promise };
}

test('a held 401 that cannot be passed on fails its own request, and nothing is left unhandled', async () => {
  const tokens: TokenSource = {
    current: () => token,
    get: async () => token,
    renew: () => Promise.reject(new Failure('token_unavailable', 'it is down')),
  };
  const send = authorizedSend(
    (_, answer) => {
      answer.head({ status: 401, reason: '', fields: Fields.none }, { resume() {}, cancel() {} });
      answer.end(Fields.none);
    },
    { tokens, waits: new TokenWaits(1), injection: injection({}), statuses: [401], clock: systemClock },
  );
  const { answer, failed } = answerThatThrows();
  send(request, answer, new AbortController().signal);
  expect((await failed).code).toBe('internal_error');
});

test('so does one whose first token comes late', async () => {
  const tokens: TokenSource = { current: () => undefined, get: async () => token, renew: async () => token };
  const send = authorizedSend(
    () => {
      throw new Error('a fault of ours');
    },
    { tokens, waits: new TokenWaits(1), injection: injection({}), statuses: [401], clock: systemClock },
  );
  const { answer, failed } = answerThatThrows();
  send(request, answer, new AbortController().signal);
  expect((await failed).code).toBe('internal_error');
});
