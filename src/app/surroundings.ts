import type { Clock } from '../clock.ts';
import type { Log, LogOptions } from '../observe/log.ts';

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
}
