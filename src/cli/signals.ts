import { constants } from 'node:os';
import type { Log } from '../observe/log.ts';
import type { Process } from './process.ts';

/** Terminals and npm may deliver one key press as two signals; the second is an order only after this. Milliseconds. */
const ECHO_MS = 1000;

/**
 * Resolves with the first signal that asks us to end. A later one ends the process at once, with 128 and its number.
 * SIGHUP asks for that only where it says that the terminal has gone; else it is `hungUp` that hears of it.
 */
export function untilSignal(process: Process, log: Log, hungUp: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAtMs: number | undefined;
    const end = (signal: NodeJS.Signals): void => {
      const nowMs = performance.now();
      if (firstAtMs === undefined) {
        firstAtMs = nowMs;
        resolve(signal);
      } else if (nowMs - firstAtMs > ECHO_MS) process.exit(128 + constants.signals[signal]);
    };
    process.on('SIGTERM', end).on('SIGINT', end);
    if (process.stdin.isTTY) process.on('SIGHUP', end);
    else process.on('SIGHUP', hungUp);
    // That it does nothing is seen to in main, from the first moment on.
    process.on('SIGUSR1', () => log.warn('SIGUSR1: the inspector stays closed'));
  });
}
