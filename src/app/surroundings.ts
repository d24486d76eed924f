import type { Token } from '../auth/token.ts';
import type { Clock } from '../clock.ts';
import type { Failure } from '../errors.ts';
import type { Log, LogOptions } from '../observe/log.ts';
import type { RequestObserver } from '../proxy/record.ts';

/** Who hears of what goes on, besides the log. Must not throw. */
export interface Watcher {
  /** Of each request, when it is over. */
  readonly request: RequestObserver;
  /** Of each attempt to get a token, when it has ended; of a failure, in how many milliseconds the next may follow. */
  readonly token: (credential: string, outcome: Token | Failure, retryAfterMs: number) => void;
}

/** What comes from outside, read once in `main`. */
export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  /** Of the log, in the place of what a config says. */
  readonly logLevel?: LogOptions['level'] | undefined;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly newId: () => string;
  /** What programs that are run get to see, beside what the config says. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly watcher?: Watcher;
}
