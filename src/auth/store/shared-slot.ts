import type { Clock } from '../../clock.ts';
import type { RedisConnection } from './redis-connection.ts';
import { EXTEND, READ, RELEASE, REPLACE, TAKE } from './scripts.ts';
import type { RedisMoment, SharedEntry } from './shared-entry.ts';

/** The names in Redis of what belongs to one token. */
export interface SlotNames {
  readonly token: string;
  readonly lock: string;
  readonly pause: string;
  /** A channel: something has become of one of them. */
  readonly news: string;
}

/** Those that begin so. */
export function slotNames(start: string): SlotNames {
  return { token: `${start}token`, lock: `${start}lock`, pause: `${start}pause`, news: `${start}news` };
}

export interface SharedSlotOptions {
  readonly connection: RedisConnection;
  readonly names: SlotNames;
  readonly clock: Clock;
}

/** What was found. `value`: the sealed token, '' for none; the milliseconds left of a pause. */
export interface Seen {
  readonly what: 'value' | 'locked' | 'busy' | 'paused';
  readonly value: string;
  /** Of the value, as Redis has it. */
  readonly generation: string;
  readonly moment: RedisMoment;
}

/** The lock of an owner who died is free after so long; a living one extends it three times as often. Milliseconds. */
export const LOCK_MS = 1000;

/** One credential's place in Redis: its token, and the lock of whoever gets the next one. */
export class SharedSlot {
  readonly #options: SharedSlotOptions;
  #news = Promise.withResolvers<void>();

  constructor(options: SharedSlotOptions) {
    this.#options = options;
  }

  /** Calls back whenever there may be another token here: on news, and when Redis is there (again). Returns what ends that. */
  listen(listener: () => void): () => void {
    const { connection, names } = this.#options;
    const unsubscribe = connection.subscribe(names.news, () => {
      this.wake();
      listener();
    });
    const unlisten = connection.listen(({ up }) => up && listener());
    return () => {
      unsubscribe();
      unlisten();
    };
  }

  /**
   * Another token than the one of the generation `passed`; else the lock, if `owner` can have it, or why not.
   * Undefined, here and below: Redis is away, which it tells itself.
   */
  take(passed: string, owner: string): Promise<Seen | undefined> {
    const { token, lock, pause } = this.#options.names;
    return this.#ask(TAKE, [token, lock, pause], [passed, owner, String(LOCK_MS)]);
  }

  /** The token, whatever it is. */
  read(): Promise<Seen | undefined> {
    return this.#ask(READ, [this.#options.names.token], []);
  }

  /** Writes over the generation `passed` or over nothing, and lets the owner's lock go. False: there is another one. */
  async replace(passed: string, entry: SharedEntry, owner: string): Promise<boolean | undefined> {
    const { token, lock, news } = this.#options.names;
    const { requestedAtMs, lifetimeMs } = entry.token;
    const leftMs = Math.floor(requestedAtMs + lifetimeMs - this.#options.clock.monotonicMs());
    const values = [passed, entry.sealed, String(Math.max(1, leftMs)), owner, news];
    const wrote = await this.#run(REPLACE, [token, lock], values);
    return wrote === undefined ? undefined : wrote === 1;
  }

  /** Extends the owner's lock from now on. Returns what ends that. */
  keepLock(owner: string): () => void {
    const { clock, names } = this.#options;
    let cancel = (): void => {};
    const keep = (): void => {
      cancel = clock.after(LOCK_MS / 3, () => {
        void this.#run(EXTEND, [names.lock], [owner, String(LOCK_MS)]);
        keep();
      });
    };
    keep();
    return () => cancel();
  }

  /** Lets the owner's lock go without a token; for `pauseMs` nobody else is to try. */
  async release(owner: string, pauseMs: number): Promise<void> {
    const { lock, pause, news } = this.#options.names;
    await this.#run(RELEASE, [lock, pause], [owner, String(Math.ceil(pauseMs)), news]);
  }

  /** Resolves with the next news from now on. */
  get news(): Promise<void> {
    return this.#news.promise;
  }

  /** Resolves with those news, or after so many milliseconds without. */
  within(ms: number, news: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(ms, resolve);
      void news.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** As if there were news. */
  wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  async #ask(script: string, keys: readonly string[], values: readonly string[]): Promise<Seen | undefined> {
    const { clock } = this.#options;
    const sentAtMs = clock.monotonicMs();
    const answer = await this.#run(script, keys, values);
    if (!Array.isArray(answer)) return undefined;
    const [what, redisMs, value = '', generation = '']: unknown[] = answer;
    const moment = { redisMs: Number(redisMs), sentAtMs, receivedAtMs: clock.monotonicMs() };
    // The scripts say these words and no others.
    return { what: what as Seen['what'], value: String(value), generation: String(generation), moment };
  }

  #run(script: string, keys: readonly string[], values: readonly string[]): Promise<unknown> {
    return this.#options.connection.run(script, keys, values).catch(() => undefined);
  }
}
