import type { Clock } from '../../clock.ts';
import { Secret } from '../../secret.ts';
import type { Token } from '../token.ts';
import { generationOf, type Seal } from './seal.ts';

/** A moment that was told by Redis: its own epoch milliseconds, and ours around it. */
export interface RedisMoment {
  readonly redisMs: number;
  /** Monotonic milliseconds: before it was asked, and after it had answered. */
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
}

/** A token as this process and Redis know it. */
export interface SharedEntry {
  readonly token: Token;
  /** When the request for it began, by the clock of Redis, which is the same for all: of two, the later one is newer. */
  readonly requestedAtRedisMs: number;
  readonly sealed: string;
  readonly generation: string;
}

export interface SharedEntriesOptions {
  /** The Redis key they are kept under. */
  readonly key: string;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly random: () => number;
}

/** What stands in Redis, sealed. Milliseconds. */
interface Written {
  readonly value: string;
  readonly requestedAtRedisMs: number;
  readonly lifetimeMs: number;
  readonly staleAfterMs: number;
}

/**
 * Makes entries of tokens, and tokens of entries, for machines whose clocks agree in nothing but their pace. Whatever
 * the network took is counted against a token: it is never thought to live longer than it does.
 */
export class SharedEntries {
  readonly #options: SharedEntriesOptions;

  constructor(options: SharedEntriesOptions) {
    this.#options = options;
  }

  /** Of a token of ours. */
  entry(token: Token, moment: RedisMoment): SharedEntry {
    const requestedAtRedisMs = moment.redisMs + token.requestedAtMs - moment.receivedAtMs;
    const { lifetimeMs, staleAfterMs } = token;
    const written: Written = { value: token.value.reveal(), requestedAtRedisMs, lifetimeMs, staleAfterMs };
    const sealed = this.#options.seal.seal(JSON.stringify(written), this.#options.key);
    return { token, requestedAtRedisMs, sealed, generation: generationOf(sealed) };
  }

  /** Of what stood in Redis at a moment; undefined when it is not ours, or of another release. */
  read(sealed: string, moment: RedisMoment): SharedEntry | undefined {
    const written = this.#written(sealed);
    if (written === undefined) return undefined;
    const { value, requestedAtRedisMs, lifetimeMs, staleAfterMs } = written;
    const ageMs = moment.redisMs - requestedAtRedisMs;
    // Requested in the future: the clock of Redis was set back, and nobody can tell its age.
    if (ageMs < 0) return undefined;
    const { clock, random } = this.#options;
    const token: Token = {
      value: new Secret(value),
      requestedAtMs: moment.sentAtMs - ageMs,
      requestedAtWallMs: clock.wallMs() - (clock.monotonicMs() - moment.sentAtMs) - ageMs,
      lifetimeMs,
      // A little behind whoever got it, so that one machine renews it and the others find the new one.
      staleAfterMs: staleAfterMs + ((lifetimeMs - staleAfterMs) * random()) / 4,
    };
    return { token, requestedAtRedisMs, sealed, generation: generationOf(sealed) };
  }

  #written(sealed: string): Written | undefined {
    const { seal, key } = this.#options;
    const text = seal.open(sealed, key);
    // Whoever has the key writes JSON.
    const written: Partial<Written> = JSON.parse(text ?? '{}');
    const numbers = [written.requestedAtRedisMs, written.lifetimeMs, written.staleAfterMs];
    const whole = typeof written.value === 'string' && numbers.every(Number.isFinite);
    // Every member has been looked at.
    return whole ? (written as Written) : undefined;
  }
}
