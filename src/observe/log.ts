/** The log: one line a request, and one for each change of state. Nothing waits for it. */
import pino, { type Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { Failure, type FailureCode, failureKinds, reason } from '../errors.ts';
import { prettyLines } from './pretty-lines.ts';
import { standardOutput } from './standard-output.ts';

export type Log = Logger;

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly format: 'json' | 'pretty';
  readonly colour: boolean;
}

/** A log on standard output. `close` writes what is held, at the end of the process. */
export function openLog(
  { level, format, colour }: LogOptions,
  clock: Clock,
): { readonly log: Log; readonly close: () => Promise<void> } {
  const destination = standardOutput(clock, (dropped) => {
    log.warn({ dropped }, 'log lines were dropped: nobody took them in time');
  });
  const log = createLog(level, format === 'json' ? destination : prettyLines(destination, colour));
  return { log, close: destination.close };
}

/** A log on any destination. */
export function createLog(level: LogOptions['level'], destination: pino.DestinationStream): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

/** What the log tells of a request: a record of `proxy/`, whose words these are. */
export interface LoggedRequest {
  readonly durationMs: number;
  readonly upstreamMs?: number | undefined;
  readonly error?: FailureCode | 'client_left' | 'shut_down' | undefined;
}

/** Writes one line for each request that is over. */
export function requestLog(log: Log): (record: LoggedRequest) => void {
  return (record) => {
    log[levelOf(record.error)](
      { ...record, durationMs: rounded(record.durationMs), upstreamMs: rounded(record.upstreamMs) },
      'request',
    );
  };
}

/** A client's mistake is no reason to wake anybody; what is wrong behind us or in us may be. */
function levelOf(error: LoggedRequest['error']): 'info' | 'warn' | 'error' {
  if (error === 'shut_down') return 'warn';
  if (error === undefined || error === 'client_left' || failureKinds[error].source === 'client') return 'info';
  return error === 'internal_error' ? 'error' : 'warn';
}

/** To microseconds. */
function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1000) / 1000;
}

/** What the log tells of a token. */
export interface LoggedToken {
  readonly lifetimeMs: number;
}

export interface TokenLog {
  /** Hears how each token request ended; writes a line when that is news. */
  outcome(this: void, outcome: LoggedToken | Failure, retryAfterMs?: number): void;
  /** What is odd but can be lived with; said once until it changes. */
  warn(this: void, message: string): void;
}

/** Writes of a credential's tokens: each one that was got, and each change for the worse. */
export function tokenLog(log: Log, credential: string): TokenLog {
  let failing: FailureCode | undefined;
  let warned: string | undefined;
  return {
    outcome(outcome, retryAfterMs = 0) {
      if (outcome instanceof Failure) {
        const level = outcome.code === failing ? 'debug' : 'warn';
        const retryInS = Math.ceil(retryAfterMs / 100) / 10;
        const told = { credential, error: outcome.code, reason: reason(outcome), retryInS };
        log[level](told, 'no token could be had; trying again');
        failing = outcome.code;
        return;
      }
      log.info(
        {
          credential,
          ...(Number.isFinite(outcome.lifetimeMs) && { lifetimeS: Math.round(outcome.lifetimeMs / 1000) }),
        },
        failing === undefined ? 'token obtained' : 'token obtained; all is well again',
      );
      failing = undefined;
    },
    warn(message) {
      log[message === warned ? 'debug' : 'warn']({ credential }, message);
      warned = message;
    },
  };
}

/** Writes of a shared token store: a line each time that it comes or goes. */
export function tokenStoreLog(log: Log): (state: { readonly up: boolean; readonly reason?: string }) => void {
  return ({ up, reason: why }) => {
    if (up) log.info('token store: Redis is there; tokens are shared');
    else log.warn({ reason: why }, 'token store: Redis is away; every proxy gets its own tokens meanwhile');
  };
}
