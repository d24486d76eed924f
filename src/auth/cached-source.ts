import type { Clock } from '../clock.ts';
import { asFailure, Failure } from '../errors.ts';
import type { StopSignal } from '../stop.ts';
import type { Backoff } from './backoff.ts';
import type { TokenPlace } from './store/memory.ts';
import { type KeptSource, type RequestToken, type Token, type TokenListener, tokenState } from './token.ts';
import { unlessAborted } from './unless-aborted.ts';

/** A credential that nobody used for so many lifetimes of its token rests: it is not renewed until asked for. */
const LIFETIMES_BEFORE_REST = 3;

export interface CachedSourceOptions {
  readonly credential: string;
  readonly requestToken: RequestToken;
  readonly place: TokenPlace;
  readonly backoff: Backoff;
  readonly clock: Clock;
}

/**
 * Remembers one credential's token and gets new ones: one token request at a time, however many wait for it, and
 * cancelled by none of them.
 */
export class CachedSource implements KeptSource {
  readonly credential: string;
  readonly #options: CachedSourceOptions;
  readonly #listeners = new Set<TokenListener>();
  readonly #begun: (() => void)[] = [];
  #flight: Promise<Token> | undefined;
  #refused: Token | undefined;
  #usedAtMs: number;

  constructor(options: CachedSourceOptions) {
    this.credential = options.credential;
    this.#options = options;
    this.#usedAtMs = options.clock.monotonicMs();
  }

  /** When a token was last asked for, monotonic milliseconds; at first, when the source was made. */
  get usedAtMs(): number {
    return this.#usedAtMs;
  }

  get resting(): boolean {
    const { latest } = this;
    const unusedMs = this.#options.clock.monotonicMs() - this.#usedAtMs;
    return latest !== undefined && unusedMs >= LIFETIMES_BEFORE_REST * latest.lifetimeMs;
  }

  get latest(): Token | undefined {
    return this.#options.place.get();
  }

  get failure(): Failure | undefined {
    return this.#options.backoff.failure;
  }

  get renewing(): boolean {
    return this.#flight !== undefined;
  }

  get refused(): boolean {
    return this.renewing && this.#refused !== undefined && this.#refused === this.latest;
  }

  listen(listener: TokenListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  listenToRequests(begun: () => void): void {
    this.#begun.push(begun);
  }

  usable(): Token | undefined {
    const { place, clock } = this.#options;
    const token = place.get();
    return token !== undefined && tokenState(token, clock) !== 'expired' ? token : undefined;
  }

  current(): Token | undefined {
    const { place, clock } = this.#options;
    this.#usedAtMs = clock.monotonicMs();
    const token = place.get();
    if (token === undefined) return undefined;
    const state = tokenState(token, clock, this.#usedAtMs);
    if (state === 'stale') this.refresh();
    return state === 'expired' ? undefined : token;
  }

  async get(signal: StopSignal): Promise<Token> {
    return this.current() ?? (await unlessAborted(this.#request(), signal));
  }

  async renew(refused: Token, signal: StopSignal): Promise<Token> {
    const current = this.current();
    if (current !== undefined && current !== refused) return current;
    this.#refused = refused;
    return await unlessAborted(this.#request(), signal);
  }

  async replace(signal: StopSignal): Promise<Token> {
    this.#flight ??= this.#fly();
    return await unlessAborted(this.#flight, signal);
  }

  /** Starts a token request in the background, unless one is under way or we are backing off. */
  refresh(): void {
    if (this.#flight === undefined && this.#options.backoff.remainingMs === 0) this.#request().catch(() => {});
  }

  /** Takes a token that was got elsewhere in the place of the one remembered. A token request under way goes on. */
  adopt(token: Token): void {
    const { place, backoff } = this.#options;
    place.set(token);
    backoff.succeeded();
    for (const listener of this.#listeners) listener(token);
  }

  /** Joins the token request under way, or starts one; fails at once while backing off. */
  #request(): Promise<Token> {
    this.#flight ??= this.#blocked() ?? this.#fly();
    return this.#flight;
  }

  #blocked(): undefined {
    const { failure, remainingMs } = this.#options.backoff;
    if (failure === undefined || remainingMs === 0) return undefined;
    throw this.#told(failure, remainingMs);
  }

  async #fly(): Promise<Token> {
    const { requestToken, place, backoff, clock } = this.#options;
    for (const begun of this.#begun) begun();
    try {
      const token = await requestToken();
      if (tokenState(token, clock) === 'expired') {
        throw new Failure('token_unavailable', 'the token endpoint is so slow that its token had expired when it came');
      }
      this.#flight = undefined;
      // One that came another way meanwhile is known.
      if (place.get() !== token) this.adopt(token);
      return token;
    } catch (thrown) {
      const failure = asFailure(thrown);
      backoff.failed(failure);
      this.#flight = undefined;
      for (const listener of this.#listeners) listener(failure, backoff.remainingMs);
      throw this.#told(failure, Math.max(1, backoff.remainingMs));
    }
  }

  /** As those hear of it who wanted a token. */
  #told({ code, detail, cause }: Failure, retryAfterMs: number): Failure {
    return new Failure(code, `credential ${this.credential}: ${detail}`, { retryAfterMs, cause });
  }
}
