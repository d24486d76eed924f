import type { Clock } from '../clock.ts';
import { asFailure, Failure } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type { StopSignal } from '../stop.ts';
import { type KeptSource, type Token, type TokenListener, tokenState } from './token.ts';
import { unlessAborted } from './unless-aborted.ts';

/** What stands where a token is given. */
export interface GivenValue {
  readonly value: Secret;
  /** Milliseconds since 1970; undefined if it does not expire. */
  readonly expiresAtMs?: number | undefined;
}

/** A token, or what serves as one, that nobody has to be asked for: it stands in the config or in a file. */
export interface GivenToken {
  /** True if its next reading may give another. */
  readonly rotates: boolean;
  /** Rejects with a Failure: `token_unavailable` or `token_invalid`. */
  read(): Promise<GivenValue>;
}

export interface GivenSourceOptions {
  readonly credential: string;
  readonly given: GivenToken;
  readonly clock: Clock;
  /** Hears what is odd but can be lived with. */
  readonly warn: (message: string) => void;
}

/** What may change is looked at so often: a rotated file is in use within seconds. */
const LOOK_INTERVAL_MS = 5000;
/** So long may a file system keep us waiting; on real time, as what is waited for is outside. */
const LOOK_TIMEOUT_MS = 10_000;

/**
 * Holds a given token. A refused one is read again, and tried again only if it is another one now: whoever gives it
 * cannot be asked for a better one. What cannot be read leaves the token in use that was read before, until it expires.
 */
export class GivenSource implements KeptSource {
  readonly credential: string;
  /** It costs nobody anything. */
  readonly resting = false;
  /** Nobody is asked: what is given is read in no time. */
  readonly renewing = false;
  readonly refused = false;
  readonly #options: GivenSourceOptions;
  readonly #listeners = new Set<TokenListener>();
  #held: Token | undefined;
  #failure: Failure | undefined;
  #look: Promise<Token> | undefined;
  #reading: Promise<GivenValue> | undefined;
  #toldOf: Token | undefined;

  constructor(options: GivenSourceOptions) {
    this.credential = options.credential;
    this.#options = options;
  }

  get latest(): Token | undefined {
    return this.#held;
  }

  get failure(): Failure | undefined {
    return this.#failure;
  }

  listen(listener: TokenListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  listenToRequests(): void {}

  usable(): Token | undefined {
    const held = this.#held;
    return held !== undefined && tokenState(held, this.#options.clock) !== 'expired' ? held : undefined;
  }

  current(): Token | undefined {
    return this.usable();
  }

  async get(signal: AbortSignal): Promise<Token> {
    return this.current() ?? (await unlessAborted(this.#lookAgain(), signal));
  }

  async renew(refused: Token, signal: AbortSignal): Promise<Token> {
    let token = this.current();
    if (token === undefined || (token === refused && this.#options.given.rotates))
      token = await unlessAborted(this.#lookAgain(), signal);
    if (token !== refused) return token;
    this.#tellOf(refused);
    throw this.#told(new Failure('token_refused', 'the API refuses what is given for it, and there is nothing else'));
  }

  async replace(signal: StopSignal): Promise<Token> {
    return await unlessAborted(this.#lookAgain(), signal);
  }

  /** Looks now, and again and again if it may change. Returns what ends it. */
  watch(): () => void {
    let cancel = (): void => {};
    let stopped = false;
    const look = (): void => {
      const next = (): void => {
        if (!stopped && this.#options.given.rotates) cancel = this.#options.clock.after(LOOK_INTERVAL_MS, look);
      };
      this.#lookAgain().then(next, next);
    };
    look();
    return () => {
      stopped = true;
      cancel();
    };
  }

  /** One look at a time, however many ask. */
  #lookAgain(): Promise<Token> {
    this.#look ??= this.#readAgain().finally(() => {
      this.#look = undefined;
    });
    return this.#look;
  }

  async #readAgain(): Promise<Token> {
    const before = this.#held;
    try {
      const token = this.#asToken(await this.#read());
      const news = token !== before || this.#failure !== undefined;
      this.#held = token;
      this.#failure = undefined;
      if (news) for (const listener of this.#listeners) listener(token);
      return token;
    } catch (thrown) {
      this.#failure = asFailure(thrown);
      for (const listener of this.#listeners) listener(this.#failure, LOOK_INTERVAL_MS);
      throw this.#told(this.#failure);
    }
  }

  /** A reading that does not end is not begun a second time: each would hold one of the few threads for files. */
  async #read(): Promise<GivenValue> {
    this.#reading ??= this.#options.given.read().finally(() => {
      this.#reading = undefined;
    });
    const late = AbortSignal.timeout(LOOK_TIMEOUT_MS);
    return await unlessAborted(this.#reading, late).catch((thrown) => {
      throw late.aborted ? new Failure('token_unavailable', 'its file cannot be read in time') : thrown;
    });
  }

  /** The token that is held, if it is still that one; its times are those of its first reading. */
  #asToken({ value, expiresAtMs = Number.POSITIVE_INFINITY }: GivenValue): Token {
    const { clock } = this.#options;
    const [held, wallMs] = [this.#held, clock.wallMs()];
    const same = held?.value.reveal() === value.reveal() ? held : undefined;
    const lifetimeMs = expiresAtMs - wallMs;
    if (same === undefined ? lifetimeMs <= 0 : tokenState(same, clock) === 'expired')
      throw new Failure('token_unavailable', 'the token that is given for it has expired, and no newer one is there');
    const monotonicMs = clock.monotonicMs();
    return (
      same ?? { value, requestedAtMs: monotonicMs, requestedAtWallMs: wallMs, lifetimeMs, staleAfterMs: lifetimeMs }
    );
  }

  /** Once a token: every request that it costs has a line of its own. */
  #tellOf(refused: Token): void {
    if (this.#toldOf === refused) return;
    this.#toldOf = refused;
    this.#options.warn('an API refuses what is given for this credential; its answers pass on until that is changed');
  }

  /** As those hear of it who wanted a token. */
  #told({ code, detail, cause }: Failure): Failure {
    return new Failure(code, `credential ${this.credential}: ${detail}`, { retryAfterMs: LOOK_INTERVAL_MS, cause });
  }
}
