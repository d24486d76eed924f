import type { FailureCode } from '../errors.ts';
import { Histogram, type HistogramCounts } from './histogram.ts';
import type { Tally } from './route-traffic.ts';

/** What was counted of one credential's token requests, as plain data. */
export interface TokenCounts {
  readonly credential: string;
  /** By `ok` or the code of the failure. */
  readonly outcomes: Tally;
  readonly duration: HistogramCounts;
}

/** Seconds. */
const bounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
const usualOutcomes = ['ok', 'token_unavailable', 'token_refused', 'token_invalid'] as const;

interface Asked {
  readonly outcomes: Map<string, number>;
  readonly duration: Histogram;
}

/** Counts token requests, and how long they took; and passes it on that one has begun or ended. */
export class TokenTraffic {
  readonly #asked = new Map<string, Asked>();
  #follow = (): void => {};

  /** One who hears that a credential is another way now than it was. */
  follow(follower: () => void): void {
    this.#follow = follower;
  }

  changed(): void {
    this.#follow();
  }

  /** `durationMs` is undefined where nobody had to be asked. */
  add(credential: string, outcome: 'ok' | FailureCode, durationMs: number | undefined): void {
    const { outcomes, duration } = this.#of(credential);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (durationMs !== undefined) duration.add(durationMs / 1000);
  }

  read(credential: string): TokenCounts {
    const { outcomes, duration } = this.#of(credential);
    return { credential, outcomes: [...outcomes], duration: duration.read() };
  }

  #of(credential: string): Asked {
    let asked = this.#asked.get(credential);
    if (asked === undefined) {
      asked = { outcomes: new Map(usualOutcomes.map((outcome) => [outcome, 0])), duration: new Histogram(bounds) };
      this.#asked.set(credential, asked);
    }
    return asked;
  }
}
