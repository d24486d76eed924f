import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { StopSignal } from '../stop.ts';
import type { SpeltToken, TokenNews, TokenQuestion } from '../worker-messages.ts';
import { readFailure, readToken } from './spelt-token.ts';
import { type Token, type TokenSource, tokenState } from './token.ts';
import { unlessAborted } from './unless-aborted.ts';

/** That a token is used is told so often at most: it keeps its credential from resting, and has a stale one renewed. */
const USED_INTERVAL_MS = 1000;

interface Wait {
  readonly credential: string;
  readonly resolve: (token: SpeltToken) => void;
  readonly reject: (failure: Failure) => void;
}

/** The tokens of another process, which gets them: those that it tells of are remembered here, the others are asked for. */
export class RemoteTokens {
  readonly #tell: (question: TokenQuestion) => void;
  readonly #clock: Clock;
  readonly #sources = new Map<string, RemoteSource>();
  readonly #waits = new Map<number, Wait>();
  #asked = 0;
  #lost = false;

  constructor(tell: (question: TokenQuestion) => void, clock: Clock) {
    this.#tell = tell;
    this.#clock = clock;
  }

  source(credential: string): TokenSource {
    return this.#source(credential);
  }

  hear(news: TokenNews): void {
    if (news.kind === 'token') {
      this.#source(news.credential).take(news.token);
      return;
    }
    const wait = this.#waits.get(news.id);
    this.#waits.delete(news.id);
    if ('token' in news) wait?.resolve(news.token);
    else wait?.reject(readFailure(news.failure));
  }

  /** The other process has gone: nobody answers any more. Tokens that are here are good until they expire. */
  lost(): void {
    this.#lost = true;
    for (const { credential, reject } of this.#waits.values()) reject(gone(credential));
    this.#waits.clear();
  }

  #source(credential: string): RemoteSource {
    let source = this.#sources.get(credential);
    if (source === undefined) {
      source = new RemoteSource({
        clock: this.#clock,
        used: () => this.#lost || this.#tell({ kind: 'used', credential }),
        ask: (refused) => this.#ask(credential, refused),
      });
      this.#sources.set(credential, source);
    }
    return source;
  }

  #ask(credential: string, refused: number | null): Promise<SpeltToken> {
    return new Promise((resolve, reject) => {
      if (this.#lost) {
        reject(gone(credential));
        return;
      }
      this.#asked += 1;
      this.#waits.set(this.#asked, { credential, resolve, reject });
      this.#tell({ kind: 'ask', id: this.#asked, credential, refused });
    });
  }
}

function gone(credential: string): Failure {
  return new Failure('token_unavailable', `credential ${credential}: the process that gets its tokens has ended`);
}

interface RemoteSourceOptions {
  readonly clock: Clock;
  readonly used: () => void;
  readonly ask: (refused: number | null) => Promise<SpeltToken>;
}

/** One credential's. */
class RemoteSource implements TokenSource {
  readonly #options: RemoteSourceOptions;
  readonly #numbers = new WeakMap<Token, number>();
  #held: { readonly number: number; readonly token: Token } | undefined;
  #toldUsedAtMs = Number.NEGATIVE_INFINITY;
  /** By the number of the refused token. */
  readonly #asks = new Map<number | null, Promise<Token>>();

  constructor(options: RemoteSourceOptions) {
    this.#options = options;
  }

  current(): Token | undefined {
    const { clock, used } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#toldUsedAtMs >= USED_INTERVAL_MS) {
      this.#toldUsedAtMs = nowMs;
      used();
    }
    const token = this.#held?.token;
    return token === undefined || tokenState(token, clock, nowMs) === 'expired' ? undefined : token;
  }

  async get(signal: StopSignal): Promise<Token> {
    return this.current() ?? (await unlessAborted(this.#ask(null), signal));
  }

  async renew(refused: Token, signal: StopSignal): Promise<Token> {
    const current = this.current();
    if (current !== undefined && current !== refused) return current;
    return await unlessAborted(this.#ask(this.#numbers.get(refused) ?? null), signal);
  }

  /** Remembers a token unless a newer one is here; returns the newer. */
  take(spelt: SpeltToken): Token {
    if (this.#held !== undefined && this.#held.number >= spelt.number) return this.#held.token;
    const token = readToken(spelt);
    this.#numbers.set(token, spelt.number);
    this.#held = { number: spelt.number, token };
    return token;
  }

  /** One question at a time for each refused token, however many wait for its answer. */
  #ask(refused: number | null): Promise<Token> {
    let asked = this.#asks.get(refused);
    if (asked === undefined) {
      asked = this.#options
        .ask(refused)
        .then((spelt) => this.take(spelt))
        .finally(() => this.#asks.delete(refused));
      this.#asks.set(refused, asked);
    }
    return asked;
  }
}
