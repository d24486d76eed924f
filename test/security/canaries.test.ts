import { expect, test } from 'vitest';
import { CLIENT_SECRET, EGRESS_PASSWORD, expectNoCanary, TOKEN_PREFIX } from '../support/canary.ts';

/** A secret in the ways in which it may get somewhere. */
const ways: Readonly<Record<string, (secret: string) => string>> = {
  'as it is': (secret) => secret,
  'in the middle of a text': (secret) => `x${secret}y`,
  'URL-encoded': encodeURIComponent,
  'in JSON': (secret) => JSON.stringify({ secret }),
  ...Object.fromEntries(
    [0, 1, 2].map((before) => [
      `in base64 behind ${before} other bytes`,
      (secret: string) => Buffer.from(`${'x'.repeat(before)}${secret}yy`).toString('base64'),
    ]),
  ),
};

test.each(
  [CLIENT_SECRET, EGRESS_PASSWORD, `${TOKEN_PREFIX}1`].flatMap((secret) =>
    Object.entries(ways).map(([way, spell]) => [secret, way, spell] as const),
  ),
)('S01 what every test looks for in logs, errors and reports is found: %s, %s', (secret, _, spell) => {
  expect(() => expectNoCanary(spell(secret), 'a text')).toThrow('a text holds');
});
