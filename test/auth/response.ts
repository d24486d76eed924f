import { type TokenResponse, tokenFrom } from '../../src/auth/token-response.ts';
import { Failure } from '../../src/errors.ts';
import { MovedClock } from '../support/clock.ts';
import { credentialOf } from './credential.ts';

export const DATE = 'Sat, 21 Nov 2026 08:00:00 GMT';
/** Seconds: the moment of `DATE`. */
export const DATE_S = Date.parse(DATE) / 1000;

/** What became of an answer: a token with its times, or the code of the failure; and what was warned of. */
export interface Outcome {
  readonly code: string | undefined;
  readonly detail: string;
  readonly retryAfterMs: number | undefined;
  readonly token: string | undefined;
  readonly lifetimeMs: number | undefined;
  readonly staleAfterMs: number | undefined;
  readonly warnings: readonly string[];
}

export interface ReadOptions {
  readonly spelt?: Readonly<Record<string, unknown>>;
  readonly answer?: Partial<TokenResponse>;
  readonly random?: number;
}

/** How a token endpoint's answer is taken: its body as text, or as what becomes JSON. */
export function read(body: unknown, { spelt = {}, answer = {}, random = 0 }: ReadOptions = {}): Outcome {
  const warnings: string[] = [];
  const clock = new MovedClock();
  const began = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const nothing = { token: undefined, lifetimeMs: undefined, staleAfterMs: undefined };
  try {
    const { value, lifetimeMs, staleAfterMs } = tokenFrom(
      { status: 200, date: DATE, retryAfter: undefined, contentType: 'application/json', body: text, ...answer },
      credentialOf(spelt),
      { began, clock, random: () => random, warn: (message) => warnings.push(message) },
    );
    const times = { lifetimeMs, staleAfterMs };
    return { code: undefined, detail: '', retryAfterMs: undefined, token: value.reveal(), ...times, warnings };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, detail, retryAfterMs } = error;
    return { code, detail, retryAfterMs, ...nothing, warnings };
  }
}

/** A JWT with these claims; its signature is noise. */
export function jwt(claims: unknown): string {
  const part = (content: unknown): string => Buffer.from(JSON.stringify(content)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.c2lnbmF0dXJl`;
}
