import { type FailureCode, failureKinds } from '../errors.ts';
import type { Log } from './log.ts';

/** What the log tells of a request that is over. */
export interface LoggedRequest {
  readonly requestId: string;
  readonly route?: string | undefined;
  readonly method: string;
  readonly path?: string | undefined;
  readonly status: number;
  /** Milliseconds. */
  readonly durationMs: number;
  readonly upstreamMs?: number | undefined;
  readonly retry?: string | undefined;
  readonly credential?: string | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly client: string;
  readonly error?: FailureCode | 'client_left' | 'shut_down' | undefined;
  readonly reason?: string | undefined;
}

/**
 * Writes one line for each request that is over, in their order; made when the log has its turn for some of them. As
 * pino would, which knows nothing of what a line will hold and so takes four times as long. Addresses hold nothing that
 * JSON escapes.
 */
export function requestLog(log: Log): (record: LoggedRequest, wallMs: number) => void {
  const beginning = unlessSame(
    (level: string, wallMs: number) => `{"level":"${level}","time":"${new Date(wallMs).toISOString()}"`,
  );
  const ofRoute = unlessSame(
    (route: string | undefined, method: string) => `${text('route', route)}${text('method', method)}`,
  );
  const ofCredential = unlessSame(
    (retry: string | undefined, credential: string | undefined) =>
      `${text('retry', retry)}${text('credential', credential)}`,
  );
  const spelt = (level: string, record: LoggedRequest, wallMs: number): string => {
    const { requestId, route, method, path, status, durationMs, upstreamMs, retry, credential } = record;
    const { bytesIn, bytesOut, client, error, reason } = record;
    return (
      `${beginning(level, wallMs)}${text('requestId', requestId)}${ofRoute(route, method)}${text('path', path)}` +
      `,"status":${status},"durationMs":${inMs(durationMs)}${upstreamMs === undefined ? '' : `,"upstreamMs":${inMs(upstreamMs)}`}` +
      `${ofCredential(retry, credential)},"bytesIn":${bytesIn},"bytesOut":${bytesOut},"client":"${client}"` +
      `${text('error', error)}${text('reason', reason)},"msg":"request"}\n`
    );
  };
  return (record, wallMs) => {
    const level = levelOf(record.error);
    if (log.isLevelEnabled(level)) log.writeLines(() => spelt(level, record, wallMs));
  };
}

/** A client's mistake is no reason to wake anybody; what is wrong behind us or in us may be. */
export function levelOf(error: LoggedRequest['error']): 'info' | 'warn' | 'error' {
  if (error === 'shut_down') return 'warn';
  if (error === undefined || error === 'client_left' || failureKinds[error].source === 'client') return 'info';
  return error === 'internal_error' ? 'error' : 'warn';
}

/** Visible ASCII and spaces, and nothing that JSON escapes. */
const plain = /^[ !\x23-\x5b\x5d-\x7e]*$/;

/** A member with its comma in front; nothing without a value. */
function text(name: string, value: string | undefined): string {
  if (value === undefined) return '';
  return plain.test(value) ? `,"${name}":"${value}"` : `,"${name}":${JSON.stringify(value)}`;
}

/** Behind a whole number: nothing, `.001` to `.999`. */
const thousandths = Array.from({ length: 1000 }, (_, n) => (n === 0 ? '' : `.${String(n).padStart(3, '0')}`));

/** To microseconds; a whole number is spelt faster than a fraction is. */
function inMs(ms: number): string {
  const microseconds = Math.round(ms * 1000);
  const fraction = microseconds % 1000;
  return `${(microseconds - fraction) / 1000}${thousandths[fraction]}`;
}

/** Remembers what was made last: one request after the other wants the same. */
function unlessSame<A, B>(make: (a: A, b: B) => string): (a: A, b: B) => string {
  let made: { readonly a: A; readonly b: B; readonly text: string } | undefined;
  return (a, b) => {
    if (made === undefined || made.a !== a || made.b !== b) made = { a, b, text: make(a, b) };
    return made.text;
  };
}
