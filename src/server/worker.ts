/** A worker as a crew sees it. */
import type { FromWorker, ToWorker } from '../worker-messages.ts';
import type { Taker } from './round-robin.ts';

/** How a worker ended, and why, if it could say. */
export interface WorkerEnd {
  readonly pid: number | undefined;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly reason?: string | undefined;
}

export interface WorkerEvents {
  message(message: FromWorker): void;
  /** Once, behind its last message. */
  gone(end: WorkerEnd): void;
}

export interface Worker extends Taker {
  readonly pid: number | undefined;
  tell(message: ToWorker): void;
  kill(): void;
}
