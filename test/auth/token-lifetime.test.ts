import { expect, test } from 'vitest';
import { DATE_S, jwt, read } from './response.ts';

const HOUR = 3_600_000;
const DEFAULT = 300_000;
const MAX = 24 * HOUR;

test.each<[string, number, string]>([
  ['3600', HOUR, 'a number'],
  ['"3600"', HOUR, 'digits in a text'],
  ['" 3600 "', HOUR, 'digits in a text with spaces around'],
  ['3600.5', 3_600_500, 'a fraction'],
  ['"3600.5"', 3_600_500, 'a fraction in a text'],
  ['1', 1000, 'a second'],
  ['5', 5000, 'shorter than refreshBefore'],
  ['null', DEFAULT, 'null'],
  ['"abc"', DEFAULT, 'a word'],
  ['""', DEFAULT, 'an empty text'],
  ['"3600s"', DEFAULT, 'digits with a unit'],
  ['"0x10"', DEFAULT, 'hexadecimal digits'],
  ['"NaN"', DEFAULT, 'NaN in a text'],
  ['"Infinity"', DEFAULT, 'Infinity in a text'],
  ['true', DEFAULT, 'true'],
  ['false', DEFAULT, 'false'],
  ['{}', DEFAULT, 'an object'],
  ['[3600]', DEFAULT, 'an array'],
  ['3600000', MAX, 'milliseconds taken for seconds'],
  ['86401', MAX, 'more than max'],
  ['9007199254740992', MAX, 'the largest whole number'],
  ['1e12', MAX, 'far more than max'],
  ['1e400', MAX, 'more than a number can be'],
  [`"${'9'.repeat(400)}"`, MAX, 'more digits than a number can have'],
  ['0.001', 1000, 'a millisecond'],
])('T07, T08, T10, T11 expires_in %s lives %d ms: %s', (expiresIn, lifetimeMs) => {
  const outcome = read(`{"access_token":"x","expires_in":${expiresIn}}`);

  expect(outcome).toMatchObject({ token: 'x', lifetimeMs, warnings: [] });
});

test.each(['0', '-1', '"0"', '"-1"', '-0.5', '-1e400'])(
  'T09 expires_in %s: one second, with a warning',
  (expiresIn) => {
    const outcome = read(`{"access_token":"x","expires_in":${expiresIn}}`);

    expect(outcome).toMatchObject({ token: 'x', lifetimeMs: 1000 });
    expect(outcome.warnings).toHaveLength(1);
  },
);

test('T08 without expires_in the default lifetime of the config holds', () => {
  expect(read({ access_token: 'x' }).lifetimeMs).toBe(DEFAULT);
  expect(read({ access_token: 'x' }, { spelt: { lifetime: { default: '90s' } } }).lifetimeMs).toBe(90_000);
});

test('the maximum of the config holds over the claim and over the default', () => {
  const spelt = { lifetime: { max: '2m' } };

  expect(read({ access_token: 'x', expires_in: 3600 }, { spelt }).lifetimeMs).toBe(120_000);
  expect(read({ access_token: 'x' }, { spelt }).lifetimeMs).toBe(120_000);
});

test.each<[string, Readonly<Record<string, unknown>>, number]>([
  ['exp − iat', { iat: DATE_S - 10, exp: DATE_S + 590 }, 600_000],
  ['exp − iat, however far the issuer’s clock is off', { iat: 1_000_000, exp: 1_000_600 }, 600_000],
  ['exp without iat: less the Date of the answer', { exp: DATE_S + 120 }, 120_000],
  ['exp without iat in the past counts as absent', { exp: DATE_S - 1 }, DEFAULT],
  ['exp before iat counts as absent', { iat: DATE_S, exp: DATE_S - 1 }, DEFAULT],
  ['exp that is no number counts as absent', { exp: String(DATE_S + 120) }, DEFAULT],
  ['exp at once counts as absent', { iat: DATE_S, exp: DATE_S }, DEFAULT],
  ['exp at the moment of the answer, without iat, counts as absent', { exp: DATE_S }, DEFAULT],
  ['exp that is null counts as absent', { exp: null, iat: null }, DEFAULT],
  ['no exp', { sub: 'x' }, DEFAULT],
  ['more than max', { iat: DATE_S, exp: DATE_S + 90_000 }, MAX],
])('T12 a JWT without expires_in: %s', (_, claims, lifetimeMs) => {
  for (const expiresIn of [{}, { expires_in: null }, { expires_in: 'abc' }, { expires_in: true }]) {
    expect(read({ access_token: jwt(claims), ...expiresIn })).toMatchObject({ lifetimeMs, warnings: [] });
  }
});

test.each([
  ['exp of more than a number can be', '{"exp":1e400}', MAX],
  ['both of more than a number can be', '{"iat":1e400,"exp":1e400}', DEFAULT],
  ['iat of more than a number can be', '{"iat":1e400,"exp":1}', DEFAULT],
])('a JWT with %s', (_, claims, lifetimeMs) => {
  expect(read({ access_token: `e30.${Buffer.from(claims).toString('base64url')}.x` }).lifetimeMs).toBe(lifetimeMs);
});

test('T09 NaN as it stands is no JSON', () => {
  expect(read('{"access_token":"x","expires_in":NaN}').code).toBe('token_invalid');
});

test.each(['0', '-1', '1e-400', '1e400', '-1e400', '0.001', 'null', 'true', '{}', '"x"'])(
  'whatever expires_in says (%s) the token lives a finite time, and is not to be renewed at once',
  (expiresIn) => {
    for (const refreshBefore of ['1ms', '60s', '10000h']) {
      const body = `{"access_token":"x","expires_in":${expiresIn}}`;
      const { lifetimeMs = Number.NaN, staleAfterMs } = read(body, { spelt: { lifetime: { refreshBefore } } });

      expect(lifetimeMs).toBeGreaterThanOrEqual(1000);
      expect(lifetimeMs).toBeLessThanOrEqual(MAX);
      expect(staleAfterMs).toBeGreaterThanOrEqual(800);
      expect(staleAfterMs).toBeLessThan(lifetimeMs);
    }
  },
);

test('expires_in stands over the JWT’s own times', () => {
  const access_token = jwt({ iat: DATE_S, exp: DATE_S + 60 });

  expect(read({ access_token, expires_in: 600 }).lifetimeMs).toBe(600_000);
  expect(read({ access_token, expires_in: 0 }).lifetimeMs).toBe(1000);
});

test.each(['a.b.c', '..', `x.${Buffer.from('null').toString('base64url')}.y`, 'x.eyJleHAiOjF9', 'x.W10.y'])(
  'what only looks like a JWT is opaque: %s',
  (access_token) => {
    expect(read({ access_token })).toMatchObject({ token: access_token, lifetimeMs: DEFAULT });
  },
);

test('expiresInUnit ms: milliseconds', () => {
  const spelt = { response: { expiresInUnit: 'ms' } };

  expect(read({ access_token: 'x', expires_in: 60_000 }, { spelt }).lifetimeMs).toBe(60_000);
  expect(read({ access_token: 'x', expires_in: '60000' }, { spelt }).lifetimeMs).toBe(60_000);
});

test.each<[string, unknown]>([
  ['epoch seconds', DATE_S + 600],
  ['epoch seconds in a text', String(DATE_S + 600)],
  ['epoch milliseconds', (DATE_S + 600) * 1000],
  ['RFC 3339', '2026-11-21T08:10:00Z'],
  ['RFC 3339 with fractions and an offset', '2026-11-21T09:10:00.000+01:00'],
  ['RFC 3339 in small letters', '2026-11-21t08:10:00z'],
])('expiresAt as %s is reckoned from the answer’s own Date', (_, expires_at) => {
  const spelt = { response: { expiresAt: 'expires_at' } };

  expect(read({ access_token: 'x', expires_at }, { spelt })).toMatchObject({ lifetimeMs: 600_000, warnings: [] });
});

test('expiresAt without a Date in the answer is reckoned from our own clock', () => {
  const spelt = { response: { expiresAt: ['/meta/until'] } };
  const body = { access_token: 'x', meta: { until: '2026-11-21T00:05:00Z' } };

  expect(read(body, { spelt, answer: { date: undefined } }).lifetimeMs).toBe(300_000);
  expect(read(body, { spelt, answer: { date: 'yesterday' } }).lifetimeMs).toBe(300_000);
});

test.each([[null], [undefined], ['soon'], ['never 1'], ['2026-11-21'], ['2026-11-21T09:10:00'], [true], [{}]])(
  'expiresAt that says no time (%o) leaves it to expires_in',
  (expires_at) => {
    const spelt = { response: { expiresAt: 'expires_at' } };

    expect(read({ access_token: 'x', expires_at, expires_in: 60 }, { spelt }).lifetimeMs).toBe(60_000);
  },
);

test('expiresAt in the past: one second, with a warning', () => {
  const outcome = read(
    { access_token: 'x', expires_at: DATE_S - 5 },
    { spelt: { response: { expiresAt: 'expires_at' } } },
  );

  expect(outcome.lifetimeMs).toBe(1000);
  expect(outcome.warnings).toHaveLength(1);
});

test.each([
  [3600, '60s', 3_540_000],
  [3600, '30m', 2_880_000],
  [100, '60s', 80_000],
  [10, '60s', 8000],
])(
  'L14 %d s with refreshBefore %s: to be renewed after %d ms, or up to a fifth of that margin later',
  (s, refreshBefore, ms) => {
    const spelt = { lifetime: { refreshBefore } };
    const body = { access_token: 'x', expires_in: s };
    const marginMs = s * 1000 - ms;

    expect(read(body, { spelt, random: 0 }).staleAfterMs).toBe(ms);
    expect(read(body, { spelt, random: 0.5 }).staleAfterMs).toBe(ms + marginMs / 10);
    expect(read(body, { spelt, random: 1 }).staleAfterMs).toBe(ms + marginMs / 5);
  },
);
