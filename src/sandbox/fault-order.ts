/** What `POST /_sandbox/PROVIDER` takes: all of it is checked before any of it counts. */
import { parseDuration } from '../units.ts';
import type { AnswerForm } from './providers.ts';

/** A status that requests are answered with instead of what they would get. */
export interface StatusOrder {
  readonly status: number;
  readonly retryAfterS: number | undefined;
  /** Undefined: until it is taken back. */
  readonly times: number | undefined;
}

/** What is undefined stays as it is; null takes a status back. */
export interface FaultOrder {
  readonly revoke: boolean;
  readonly lifetimeMs: number | undefined;
  readonly answer: AnswerForm | undefined;
  readonly delayMs: number | undefined;
  readonly tokenStatus: StatusOrder | null | undefined;
  readonly apiStatus: StatusOrder | null | undefined;
}

const accepted = {
  revoke: 'true: every token issued so far becomes invalid',
  lifetime: 'the lifetime of tokens issued from now on: 500ms, 30s, 5m, 24h',
  tokenStatus: 'a status from 400 to 599 that answers token requests, or null: no longer',
  apiStatus: 'a status from 400 to 599 that answers API requests, or null: no longer',
  times: 'beside a status: for how many requests, from 1 to 1000000; left out: until the status is null',
  retryAfter: 'beside a status: the seconds in its Retry-After, from 0 to 86400',
  delay: 'how long answers are held back: 2s; 0s: no longer',
} as const;

/** The keys and what each takes, as a message to people. */
export function acceptedKeys(forms: readonly AnswerForm[]): Readonly<Record<string, string>> {
  return { ...accepted, answer: `how token requests are answered: ${forms.join(' or ')}` };
}

/** An order that is not obeyed; the message says what is wrong with it. */
export class FaultOrderError extends Error {}

type Body = Readonly<Record<string, unknown>>;

/** Throws a FaultOrderError that names every key that is unknown or has a value that is none. */
export function readFaultOrder(body: Body, forms: readonly AnswerForm[]): FaultOrder {
  const known = acceptedKeys(forms);
  const unknown = Object.keys(body).filter((name) => !Object.hasOwn(known, name));
  const wrong: string[] = [];
  const read = <T>(name: string, parse: (value: unknown) => T | undefined): T | undefined => {
    if (!Object.hasOwn(body, name)) return undefined;
    const value = parse(body[name]);
    if (value === undefined) wrong.push(name);
    return value;
  };
  const shared = {
    times: read('times', (value) => integer(value, 1, 1_000_000)),
    retryAfterS: read('retryAfter', (value) => integer(value, 0, 86_400)),
  };
  const order = {
    revoke: read('revoke', (value) => value === true || undefined) ?? false,
    lifetimeMs: read('lifetime', (value) => duration(value) || undefined),
    answer: read('answer', (value) => forms.find((form) => form === value)),
    delayMs: read('delay', duration),
    tokenStatus: read('tokenStatus', (value) => statusOrder(value, shared)),
    apiStatus: read('apiStatus', (value) => statusOrder(value, shared)),
  };
  wrong.push(...withoutStatus(body).filter((name) => !wrong.includes(name)));
  const faults = [...unknown.map((name) => `${name} is unknown`), ...wrong.map((name) => `${name} is not acceptable`)];
  if (faults.length > 0) throw new FaultOrderError(faults.join('; '));
  return order;
}

function statusOrder(value: unknown, shared: Omit<StatusOrder, 'status'>): StatusOrder | null | undefined {
  if (value === null) return null;
  const status = integer(value, 400, 599);
  return status === undefined ? undefined : { status, ...shared };
}

/** Keys that say nothing unless a status stands beside them. */
function withoutStatus(body: Body): string[] {
  const hasStatus = ['tokenStatus', 'apiStatus'].some((name) => (body[name] ?? null) !== null);
  return hasStatus ? [] : ['times', 'retryAfter'].filter((name) => Object.hasOwn(body, name));
}

function integer(value: unknown, min: number, max: number): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}

function duration(value: unknown): number | undefined {
  return typeof value === 'string' ? parseDuration(value) : undefined;
}
