/** Checks what a token endpoint answered (RFC 6749 §5) and makes a token of it. Does no I/O. */
import type { Clock } from '../clock.ts';
import { Failure, type FailureTopic } from '../errors.ts';
import { issuedToken, type RequestMoment } from './issued-token.ts';
import { retryAfterMs } from './retry-after.ts';
import type { Token } from './token.ts';
import { type LifetimeOptions, lifetimeOf } from './token-lifetime.ts';
import { tokenProblem } from './token-text.ts';

export interface TokenResponseOptions extends LifetimeOptions {
  /** What was asked for. */
  readonly scope?: readonly string[] | undefined;
  readonly response: LifetimeOptions['response'] & {
    /** Names or JSON Pointers (RFC 6901), tried in order. */
    readonly accessToken: readonly string[];
    readonly tokenType: readonly string[];
  };
  readonly inject: { readonly scheme?: string | null | undefined };
  /** Other types than Bearer and `inject.scheme` that are taken. */
  readonly tokenTypes?: readonly string[] | undefined;
}

/** What came back. */
export interface TokenResponse {
  readonly status: number;
  readonly date: string | undefined;
  readonly retryAfter: string | undefined;
  readonly contentType: string | undefined;
  readonly body: string;
}

export interface TokenResponseContext {
  readonly began: RequestMoment;
  readonly clock: Clock;
  readonly random: () => number;
  /** Hears what is odd but can be lived with. */
  readonly warn: (message: string) => void;
}

/** The `error` codes of RFC 6749 §5.2 and RFC 8707 §2; nothing else of a refusal is repeated to anybody. */
export const errorCodes = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
] as const;

/** Throws a Failure: `token_unavailable`, `token_refused` or `token_invalid`. */
export function tokenFrom(answer: TokenResponse, options: TokenResponseOptions, context: TokenResponseContext): Token {
  const json = parse(answer.body);
  refuseUnlessGranted(answer, json, context.clock);
  if (!isObject(json)) throw invalid(answer.body === '' ? 'it is empty' : 'it is not a JSON object');
  const value = memberOf(json, options.response.accessToken);
  if (value === undefined || value === null) throw invalid('it has no access token', 'no access token');
  if (typeof value !== 'string' || value === '') throw invalid('its access token is no text', 'access token');
  const problem = tokenProblem(value);
  if (problem !== undefined) throw invalid(`its access token ${problem}`, 'access token');
  checkType(memberOf(json, options.response.tokenType), [
    'Bearer',
    options.inject.scheme,
    ...(options.tokenTypes ?? []),
  ]);

  if (!/^application\/(.+\+)?json *(;|$)/i.test(answer.contentType ?? ''))
    context.warn("the token endpoint's answer is JSON, though its Content-Type says otherwise, or is not there");
  const lacking = lackingScopes(options.scope, json['scope']);
  if (lacking.length > 0)
    context.warn(`the token endpoint grants less than was asked for; scope lacks: ${lacking.join(' ')}`);
  const members = {
    expiresIn: memberOf(json, options.response.expiresIn),
    expiresAt: memberOf(json, options.response.expiresAt ?? []),
  };
  const lifetimeMs = lifetimeOf(
    { ...members, accessToken: value, dateMs: dateOf(answer, context.began) },
    options,
    context.warn,
  );
  return issuedToken(value, lifetimeMs, { ...context, lifetime: options.lifetime });
}

/** Another text of an answer that grants something, for what it is worth. */
export function textIn({ status, body }: TokenResponse, names: readonly string[]): string | undefined {
  const json = status >= 200 && status < 300 ? parse(body) : undefined;
  const value = isObject(json) ? memberOf(json, names) : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function refuseUnlessGranted({ status, retryAfter }: TokenResponse, json: unknown, clock: Clock): void {
  const error = isObject(json) ? json['error'] : undefined;
  const known = errorCodes.some((each) => each === error) ? ` ${error}` : '';
  if (status === 408 || status === 429 || status >= 500) {
    const waitMs = retryAfterMs(retryAfter, clock.wallMs());
    throw new Failure(
      'token_unavailable',
      `the token endpoint answered ${status}${known}`,
      waitMs === undefined ? {} : { retryAfterMs: waitMs },
    );
  }
  if (status >= 400) throw new Failure('token_refused', `the token endpoint answered ${status}${known}`);
  if (status < 200 || status >= 300) throw invalid(`its status is ${status}, and no redirect is followed`);
  if (error !== undefined && error !== null)
    throw new Failure('token_refused', `the token endpoint answered with an error${known && ':'}${known}`);
}

/** Absent counts as Bearer; a type that we were not told of cannot be used (RFC 6749 §7.1). */
function checkType(type: unknown, taken: readonly (string | null | undefined)[]): void {
  if (type === undefined || type === null) return;
  if (typeof type === 'string' && taken.some((each) => each?.toLowerCase() === type.toLowerCase())) return;
  throw invalid('its token_type is not Bearer (inject.scheme can name another)', 'token type');
}

/** A scope that is told is the whole of what was granted; one that is not told is what was asked for (RFC 6749 §5.1). */
function lackingScopes(asked: readonly string[] = [], granted: unknown): readonly string[] {
  if (typeof granted !== 'string') return [];
  const words = new Set(granted.split(' '));
  return asked.filter((scope) => !words.has(scope));
}

function invalid(what: string, topic?: FailureTopic): Failure {
  return new Failure('token_invalid', `the token endpoint's answer cannot be used: ${what}`, { topic });
}

function dateOf({ date }: TokenResponse, began: RequestMoment): number {
  const parsed = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(parsed) ? began.wallMs : parsed;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

function memberOf(json: unknown, names: readonly string[]): unknown {
  for (const name of names) {
    const steps = name.startsWith('/') ? name.slice(1).split('/').map(unescapePointer) : [name];
    const found = steps.reduce<unknown>((node, step) => {
      if (typeof node !== 'object' || node === null || !Object.hasOwn(node, step)) return undefined;
      return (node as Readonly<Record<string, unknown>>)[step];
    }, json);
    if (found !== undefined && found !== null) return found;
  }
  return undefined;
}

function unescapePointer(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
