import type { Clock } from '../clock.ts';
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
 * Writes one line for each request that is over: as pino would, which knows nothing of what a line will hold and so
 * takes four times as long.
 */
export function requestLog(log: Log, clock: Clock): (record: LoggedRequest) => void {
  const time = isoTime();
  return (record) => {
    const level = levelOf(record.error);
    if (!log.isLevelEnabled(level)) return;
    log.writeLines(`{"level":"${level}","time":"${time(clock.wallMs())}"${members(record)},"msg":"request"}\n`);
  };
}

/** A client's mistake is no reason to wake anybody; what is wrong behind us or in us may be. */
export function levelOf(error: LoggedRequest['error']): 'info' | 'warn' | 'error' {
  if (error === 'shut_down') return 'warn';
  if (error === undefined || error === 'client_left' || failureKinds[error].source === 'client') return 'info';
  return error === 'internal_error' ? 'error' : 'warn';
}

/** Each begins with its comma. Methods, addresses and words of ours hold nothing that JSON escapes. */
function members(record: LoggedRequest): string {
  const { requestId, route, method, path, status, durationMs, upstreamMs, retry, credential } = record;
  const { bytesIn, bytesOut, client, error, reason } = record;
  return (
    `${text('requestId', requestId)}${text('route', route)},"method":"${method}"${text('path', path)}` +
    `,"status":${status},"durationMs":${inMs(durationMs)}${upstreamMs === undefined ? '' : `,"upstreamMs":${inMs(upstreamMs)}`}` +
    `${retry === undefined ? '' : `,"retry":"${retry}"`}${text('credential', credential)}` +
    `,"bytesIn":${bytesIn},"bytesOut":${bytesOut},"client":"${client}"` +
    `${error === undefined ? '' : `,"error":"${error}"`}${text('reason', reason)}`
  );
}

/** Visible ASCII and spaces, and nothing that JSON escapes. */
const plain = /^[ !\x23-\x5b\x5d-\x7e]*$/;

function text(name: string, value: string | undefined): string {
  if (value === undefined) return '';
  return plain.test(value) ? `,"${name}":"${value}"` : `,"${name}":${JSON.stringify(value)}`;
}

/** To microseconds; two whole numbers are spelt faster than a fraction is. */
function inMs(ms: number): string {
  const microseconds = Math.round(ms * 1000);
  const fraction = microseconds % 1000;
  const whole = (microseconds - fraction) / 1000;
  return fraction === 0 ? `${whole}` : `${whole}.${fraction < 10 ? '00' : fraction < 100 ? '0' : ''}${fraction}`;
}

/** Dates as text; those of one millisecond share it. */
function isoTime(): (ms: number) => string {
  let formattedMs = Number.NaN;
  let formatted = '';
  return (ms) => {
    if (ms !== formattedMs) {
      formattedMs = ms;
      formatted = new Date(ms).toISOString();
    }
    return formatted;
  };
}
