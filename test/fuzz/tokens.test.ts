import { createServer } from 'node:net';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { tokenEndpoint } from '../../src/auth/token-endpoint.ts';
import { Failure } from '../../src/errors.ts';
import { read } from '../auth/response.ts';
import { mutated } from '../http1/mutations.ts';
import { listening } from '../support/server.ts';
import { noSocketsBut, openSockets, patience, rounds } from './rounds.ts';

const AT_ONCE = 300;
const LONGEST_MS = 24 * 3_600_000;

const claim = fc.oneof(fc.constantFrom(3600, '3600', 0, -1, '1e9', null, true, 'x', 9e99), fc.double(), fc.jsonValue());
const answer = fc.record(
  {
    access_token: fc.oneof(
      fc.constantFrom('t', 'a b', 'a\r\nb', 'é', ''),
      fc.string({ unit: 'binary' }),
      fc.jsonValue(),
    ),
    token_type: fc.oneof(fc.constantFrom('Bearer', 'bearer', 'mac'), fc.jsonValue()),
    expires_in: claim,
    error: fc.jsonValue(),
    scope: fc.jsonValue(),
    __proto__: fc.jsonValue(),
  },
  { requiredKeys: ['access_token'] },
);
const spellings = [
  {},
  { response: { accessToken: ['/a/b', 'access_token'], expiresInUnit: 'ms', expiresAt: 'expires_in' } },
  { scope: ['a'], lifetime: { default: '1s', max: '1s' } },
];

/** What becomes of the text of an answer: a token that can stand in a field, for a time that ends; or a failure with a code. */
function holds(text: string, status: number, spelt: Readonly<Record<string, unknown>>): void {
  const { token, code, lifetimeMs, staleAfterMs } = read(text, { spelt, answer: { status } });
  if (token === undefined) expect(code, text).toMatch(/^token_(invalid|refused|unavailable)$/);
  else {
    expect(token, text).toMatch(/^[\x21-\x7e]+$/);
    expect(lifetimeMs, text).toBeGreaterThanOrEqual(1);
    expect(lifetimeMs, text).toBeLessThanOrEqual(LONGEST_MS);
    expect(staleAfterMs, text).toBeGreaterThanOrEqual(0);
  }
}

test('whatever a token endpoint says, it is a token that can be sent, for a while, or a failure', {
  timeout: patience,
}, async () => {
  await rounds('token answers', (random, seed) => {
    const made = fc.sample(answer, { seed, numRuns: AT_ONCE }).map((value) => JSON.stringify(value));
    for (const [at, text] of made.entries()) {
      const changed = at % 2 === 0 ? text : mutated(text, random);
      holds(changed, [200, 200, 201, 204, 302, 400, 401, 429, 503][random(9)] ?? 200, spellings[random(3)] ?? {});
    }
    return made.length;
  });
});

test('whatever comes from where it is, it is an answer or a failure, and nothing is left of it', {
  timeout: patience,
}, async () => {
  const before = openSockets();
  const body = '{"access_token":"t","expires_in":3600}';
  const whole = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  let bytes = '';
  const server = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.end(Buffer.from(bytes, 'latin1')));
  });
  const url = `http://127.0.0.1:${await listening(server)}/token`;
  onTestFinished(() => void server.close());
  const endpoint = tokenEndpoint({ tls: {}, request: { timeout: 10_000 } });
  onTestFinished(() => endpoint.close());
  await rounds('bytes of token endpoints', async (random) => {
    for (let at = 0; at < AT_ONCE; at += 1) {
      bytes = mutated(whole, random);
      const sent = endpoint.send({ url, headers: {}, body: 'a=b' }, new AbortController().signal);
      const outcome = await sent.catch((failure: unknown) => failure);
      if (outcome instanceof Failure) expect(outcome.code, bytes).toMatch(/^token_(unavailable|invalid)$/);
      else expect(outcome, bytes).toMatchObject({ status: expect.any(Number), body: expect.any(String) });
    }
    return AT_ONCE;
  });
  await endpoint.close();
  await noSocketsBut(before);
});
