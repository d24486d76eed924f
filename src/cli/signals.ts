import { constants } from 'node:os';
import type { Log } from '../observe/log.ts';
import type { Process } from './process.ts';

/** Terminals and npm may deliver one key press as two signals; the second is an order only after this. Milliseconds. */
const ECHO_MS = 1000;

export interface SignalOptions {
  readonly process: Process;
  readonly log: Log;
  /** Ends the process at once, with that code. */
  readonly end: (code: number) => void;
  readonly hungUp: () => void;
}

/**
 * Resolves with the first signal that asks us to end. A later one ends the process at once, with 128 and its number.
 * SIGHUP asks for that only where it says that the terminal has gone; else it is `hungUp` that hears of it.
 */
export function untilSignal({ process, log, end, hungUp }: SignalOptions): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAtMs: number | undefined;
    const asked = (signal: NodeJS.Signals): void => {
      const nowMs = performance.now();
      if (firstAtMs === undefined) {
        firstAtMs = nowMs;
        resolve(signal);
      } else if (nowMs - firstAtMs > ECHO_MS) {
        log.warn({ signal }, 'asked to end once more: ending at once; what is under way is cut');
        end(128 + constants.signals[signal]);
      }
    };
    process.on('SIGTERM', asked).on('SIGINT', asked);
    if (process.stdin.isTTY) process.on('SIGHUP', asked);
    else process.on('SIGHUP', hungUp);
    // That it does nothing is seen to in main, from the first moment on.
    process.on('SIGUSR1', () => log.warn('SIGUSR1: the inspector stays closed'));
  });
}
