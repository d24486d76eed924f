import { expect, test } from 'vitest';
import { Failure, reason } from '../src/errors.ts';

test('what a failure says in the words of its cause is logged once', () => {
  const cause = new Error('a line ends without CR');
  const failure = new Failure('upstream_invalid', `its answer breaks HTTP: ${cause.message}`, { cause });
  expect(reason(failure)).toBe('its answer breaks HTTP: a line ends without CR');
  const other = new Failure('upstream_reset', 'it broke', { cause: new Error('read ECONNRESET', { cause }) });
  expect(reason(other)).toBe('it broke: read ECONNRESET: a line ends without CR');
});

test('a deadline that passed is logged in our words', () => {
  const cause = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
  const failure = new Failure('token_unavailable', 'the clientSecret cannot be read', { cause });
  expect(reason(failure)).toBe('the clientSecret cannot be read: it took too long');
});
