/** The log: one line a request (request-log.ts), and one for each change of state. Nothing waits for it. */
import pino, { type Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { Failure, type FailureCode, printable, reason } from '../errors.ts';
import type { Lines } from './line-blocks.ts';
import { standardOutput } from './standard-output.ts';

export type Log = Logger & {
  /** Writes lines of JSON, whatever their level, behind those that came before. */
  writeLines(lines: Lines): void;
  /** How many lines were dropped because nobody took them in time. */
  dropped(): number;
};

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly format: 'json' | 'pretty';
  readonly colour: boolean;
  /** Standard output is somebody else's: on standard error. */
  readonly onStandardError?: boolean;
}

/** A log on standard output, or standard error. `close` writes what is held, at the end of the process. */
export async function openLog(
  { level, format, colour, onStandardError = false }: LogOptions,
  clock: Clock,
): Promise<{ readonly log: Log; readonly close: () => Promise<void> }> {
  const resumed = (dropped: number): void => {
    log.warn({ dropped }, 'log lines were dropped: nobody took them in time');
  };
  const destination = standardOutput(clock, resumed, onStandardError ? 2 : 1);
  const { write, dropped, close } = destination;
  const log =
    format === 'json'
      ? createLog(level, destination, { writeLines: write, dropped })
      : createLog(level, await inWords(destination, colour), { dropped });
  return { log, close };
}

/** For people. Loaded where it is asked for. */
async function inWords(destination: pino.DestinationStream, colour: boolean): Promise<pino.DestinationStream> {
  const { prettyLines } = await import('./pretty-lines.ts');
  return prettyLines(destination, colour);
}

/** A log on any destination. Left out: lines are made as they come, and none is dropped. */
export function createLog(
  level: LogOptions['level'],
  destination: pino.DestinationStream,
  { writeLines = atOnce(destination), dropped = () => 0 }: Partial<Pick<Log, 'writeLines' | 'dropped'>> = {},
): Log {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return Object.assign(pino(options, destination), { writeLines, dropped });
}

function atOnce(destination: pino.DestinationStream): Log['writeLines'] {
  return (lines) => destination.write(typeof lines === 'string' ? lines : lines());
}

/** Tells of TLS handshakes that came to nothing: anybody who reaches the port can make any number of them. */
export function handshakeLog(log: Log): (error: Error, client: string) => void {
  return (error, client) => log.debug({ client, reason: printable(error.message) }, 'no TLS handshake came about');
}

/** While more connections of clients come than can be taken: milliseconds between two lines. */
const TURNED_AWAY_MS = 10_000;

/**
 * Tells of connections that were closed at once, as no more can be open: a line now and then, however many they are.
 * `whither`: as the line says it, with a space behind.
 */
export function turnedAwayLog(log: Log, clock: Clock, whither = ''): () => void {
  let untold = 0;
  let quietUntilMs = Number.NEGATIVE_INFINITY;
  return () => {
    untold += 1;
    const nowMs = clock.monotonicMs();
    if (nowMs < quietUntilMs) return;
    quietUntilMs = nowMs + TURNED_AWAY_MS;
    log.warn(
      { connections: untold },
      `connections ${whither}are turned away: as many are open as the limit of open files leaves room for (ulimit -n, LimitNOFILE=)`,
    );
    untold = 0;
  };
}

/** Tells of what the admin port did not answer as it was asked to; what is no fault of ours is of interest seldom. */
export function adminLog(log: Log): (failure: Failure, client: string) => void {
  return (failure, client) => {
    const level = failure.code === 'internal_error' ? 'error' : 'debug';
    log[level]({ client, error: failure.code, reason: reason(failure) }, 'admin port: not answered as asked');
  };
}

/** Tells of a file of client tokens, `setting` of the config: why it holds none, and that it holds one again. */
export function clientTokenLog(log: Log, setting: string): (trouble: string | undefined) => void {
  return (trouble) => {
    if (trouble === undefined) log.info(`${setting} holds a client token again`);
    else log.warn({ reason: printable(trouble) }, `${setting} holds no client token; the one before stays in use`);
  };
}

/** Tells of routes whose API refuses tokens that have just been got. */
export function coolDownLog(log: Log, route: string, credential: string | undefined): (ms: number) => void {
  return (ms) =>
    log.warn(
      { route, credential, pauseS: ms / 1000 },
      'the API refuses new tokens, too: none is asked for on its account for a while, and its refusals pass on (is it the right credential, scope and audience?)',
    );
}

/** So many warnings of a credential are remembered as said: some hold words from outside. */
const MOST_WARNED = 16;

/** What the log tells of a token. */
export interface LoggedToken {
  readonly lifetimeMs: number;
}

export interface TokenLog {
  /** Hears how each token request ended; writes a line when that is news. */
  outcome(this: void, outcome: LoggedToken | Failure, retryAfterMs?: number): void;
  /** What is odd but can be lived with; each said once. */
  warn(this: void, message: string): void;
}

/** Writes of a credential's tokens: each one that was got, and each change for the worse. */
export function tokenLog(log: Log, credential: string): TokenLog {
  let failing: FailureCode | undefined;
  const warned = new Set<string>();
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
      log[warned.has(message) ? 'debug' : 'warn']({ credential }, message);
      if (warned.size === MOST_WARNED) warned.clear();
      warned.add(message);
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
