import type { Clock } from '../../clock.ts';
import { Failure } from '../../errors.ts';
import { type RequestToken, type Token, tokenState } from '../token.ts';
import type { RedisMoment, SharedEntries, SharedEntry } from './shared-entry.ts';
import { LOCK_MS, type Seen, type SharedSlot } from './shared-slot.ts';

export interface SharedTokenOptions {
  readonly slot: SharedSlot;
  readonly entries: SharedEntries;
  /** Resolves once it is known whether Redis is there. */
  readonly settled: Promise<void>;
  /** Our own token request, for when nobody else has a newer token. */
  readonly requestToken: RequestToken;
  /** Milliseconds that a token request may last. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  /** Says who has the lock; another one each time. */
  readonly newId: () => string;
  /** Takes a token that another machine got, unasked. */
  readonly adopt: (token: Token) => void;
  /** Hears what is odd but can be lived with. */
  readonly warn: (message: string) => void;
}

/** A token, and how Redis knows it; that is missing for one that was got while Redis was away. */
interface Held {
  readonly token: Token;
  readonly entry?: SharedEntry;
}

/** Who waits for another machine's token looks so often at least, were its news lost. Milliseconds. */
const WAIT_MS = 100;
const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 300_000;

/**
 * One credential's token, shared with other machines by way of Redis: somebody else's newer token, or the lock and a
 * request of our own. In Redis a token replaces the one it was got for and no other (compare and set). Nobody depends
 * on it: while Redis is away each machine works on by itself.
 */
export class SharedToken {
  readonly #options: SharedTokenOptions;
  #latest: Held | undefined;
  #looked: Promise<void> = Promise.resolve();
  readonly #unlisten: () => void;
  #closed = false;

  constructor(options: SharedTokenOptions) {
    this.#options = options;
    this.#unlisten = options.slot.listen(() => this.#look());
  }

  /** In place of a token request: a token newer than the one that was handed out last. */
  readonly requestToken: RequestToken = async () => {
    const { slot, settled, clock, random, newId, timeoutMs } = this.#options;
    const before = this.#latest;
    const owner = newId();
    let passed = before?.entry?.generation ?? '';
    await settled;
    const untilMs = clock.monotonicMs() + timeoutMs + LOCK_MS;
    while (!this.#closed && clock.monotonicMs() < untilMs) {
      // What happens while the answer is on its way is news as well.
      const { news } = slot;
      const seen = await slot.take(passed, owner);
      if (seen === undefined) break;
      if (seen.what === 'locked') return await this.#renew(owner, passed, seen.moment);
      if (seen.what === 'paused') throw paused(Number(seen.value));
      if (seen.what === 'busy') await slot.within(WAIT_MS * (1 + 2 * random()), news);
      else {
        const entry = this.#entryIn(seen);
        if (entry !== undefined && this.#isNewer(entry, before)) return this.#hold(entry, before);
        passed = seen.generation;
      }
    }
    return await this.#alone();
  };

  /** Who waits for another machine's token waits no longer. */
  close(): void {
    this.#closed = true;
    this.#unlisten();
    this.#options.slot.wake();
  }

  /** With the lock. */
  async #renew(owner: string, passed: string, moment: RedisMoment): Promise<Token> {
    const { slot, entries, requestToken } = this.#options;
    const stopKeeping = slot.keepLock(owner);
    const before = this.#latest;
    try {
      const mine = entries.entry(await requestToken(), moment);
      return this.#hold(await this.#offer(mine, { passed, owner }), before);
    } catch (thrown) {
      await slot.release(owner, pauseMs(thrown));
      return this.#newerThan(before, thrown);
    } finally {
      stopKeeping();
    }
  }

  /** Without: Redis is away, or whoever has the lock neither ends nor dies. */
  async #alone(): Promise<Token> {
    const before = this.#latest;
    const token = await this.#options.requestToken().catch((thrown) => this.#newerThan(before, thrown));
    if (this.#latest === before) this.#latest = { token };
    this.#look();
    return this.#latest?.token ?? token;
  }

  /** What came from elsewhere meanwhile makes our failure none. */
  #newerThan(before: Held | undefined, thrown: unknown): Token {
    if (this.#latest === undefined || this.#latest === before) throw thrown;
    return this.#latest.token;
  }

  /** Puts an entry in the place of the one `passed`, unless Redis has a newer one by now; gives the newer of them. */
  async #offer(mine: SharedEntry, { passed, owner }: { passed: string; owner: string }): Promise<SharedEntry> {
    const { slot } = this.#options;
    let replaced = passed;
    while ((await slot.replace(replaced, mine, owner)) === false) {
      const seen = await slot.read();
      if (seen === undefined) break;
      const theirs = this.#entryIn(seen);
      if (theirs !== undefined && this.#isNewer(theirs, { token: mine.token, entry: mine })) return theirs;
      replaced = seen.generation;
    }
    return mine;
  }

  /** A newer token in Redis is adopted; where there is none, or an older one of ours, Redis gets the one held here. */
  #look(): void {
    this.#looked = this.#looked.then(async () => {
      const seen = this.#closed ? undefined : await this.#options.slot.read();
      if (seen === undefined) return;
      const theirs = this.#entryIn(seen);
      const held = this.#latest;
      if (theirs !== undefined && this.#isNewer(theirs, held)) this.#options.adopt(this.#hold(theirs, held));
      else if (held !== undefined && (theirs !== undefined || seen.value === ''))
        await this.#putBack(held, theirs, seen);
    });
  }

  async #putBack(held: Held, theirs: SharedEntry | undefined, { moment }: Seen): Promise<void> {
    const { clock, entries, adopt } = this.#options;
    if ((held.entry !== undefined && held.entry === theirs) || tokenState(held.token, clock) === 'expired') return;
    const mine = held.entry ?? entries.entry(held.token, moment);
    const there = await this.#offer(mine, { passed: theirs?.generation ?? '', owner: '' });
    // Something newer has come meanwhile.
    if (this.#latest !== held) return;
    if (there === mine) this.#latest = { token: held.token, entry: mine };
    else adopt(this.#hold(there, held));
  }

  /** Puts it in the place of what was held `before`; gives whatever is the newest by now. */
  #hold(entry: SharedEntry, before: Held | undefined): Token {
    const held = this.#latest;
    if (held !== undefined && held !== before && !this.#isNewer(entry, held)) return held.token;
    this.#latest = { token: entry.token, entry };
    return entry.token;
  }

  #isNewer(entry: SharedEntry, held: Held | undefined): boolean {
    const { clock } = this.#options;
    if (tokenState(entry.token, clock) === 'expired') return false;
    if (held === undefined || tokenState(held.token, clock) === 'expired') return true;
    return held.entry === undefined
      ? entry.token.requestedAtMs > held.token.requestedAtMs
      : entry.requestedAtRedisMs > held.entry.requestedAtRedisMs;
  }

  /** The same object for the same entry. */
  #entryIn({ value, moment }: Seen): SharedEntry | undefined {
    const known = this.#latest?.entry;
    if (value === '' || known?.sealed === value) return value === '' ? undefined : known;
    const entry = this.#options.entries.read(value, moment);
    if (entry === undefined) this.#options.warn(UNREADABLE);
    return entry;
  }
}

const UNREADABLE =
  'a token in the token store cannot be read and counts as absent: encryptionKey is not the same everywhere, or somebody changed it';

/** A token endpoint that told one machine to wait has told all. Milliseconds. */
function pauseMs(thrown: unknown): number {
  const toldMs = thrown instanceof Failure ? thrown.retryAfterMs : undefined;
  return toldMs === undefined ? 0 : Math.min(Math.max(toldMs, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
}

function paused(retryAfterMs: number): Failure {
  return new Failure('token_unavailable', 'the token endpoint has told another proxy to wait', { retryAfterMs });
}
