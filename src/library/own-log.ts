import { createLog, type Log, type LogOptions } from '../observe/log.ts';
import type { Logger } from './logger.ts';

type Level = keyof Logger;

/** Our log as somebody else's; undefined: none. */
export function logTo(logger: Logger | undefined, level: LogOptions['level']): Log {
  if (logger === undefined) return createLog('silent', { write: () => {} });
  return createLog(level, {
    write(line) {
      // A line of ours: its members are what was logged, and the level is one that we use.
      const { level: word, time: _, msg, ...members } = JSON.parse(line) as Record<string, unknown> & { level: Level };
      logger[word](members, String(msg));
    },
  });
}
