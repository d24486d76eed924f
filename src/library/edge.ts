import type { Clock } from '../clock.ts';

/** What the process has for it. */
export interface Edge {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly newId: () => string;
}
