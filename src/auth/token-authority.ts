import { asFailure, Failure } from '../errors.ts';
import { Stop } from '../stop.ts';
import type { TokenNews, TokenQuestion } from '../worker-messages.ts';
import { spellFailure, spellToken } from './spelt-token.ts';
import type { KeptSource, Token } from './token.ts';

/** Whoever asked may have ended by now; what was asked for goes on. */
const never = new Stop();

/** Gives the tokens of this process to others: each new one unasked, and what they ask for. */
export class TokenAuthority {
  readonly #sources: ReadonlyMap<string, KeptSource>;
  readonly #unlisten: (() => void)[] = [];
  readonly #numbers = new WeakMap<Token, number>();
  #last = 0;

  /** `tellAll` hears of each new token. */
  constructor(sources: Iterable<KeptSource>, tellAll: (news: TokenNews) => void) {
    this.#sources = new Map(Array.from(sources, (source) => [source.credential, source]));
    for (const [credential, source] of this.#sources) {
      const unlisten = source.listen((outcome) => {
        if (!(outcome instanceof Failure)) tellAll(this.#news(credential, outcome));
      });
      this.#unlisten.push(unlisten);
    }
  }

  /** Tells of no more. */
  close(): void {
    for (const unlisten of this.#unlisten) unlisten();
  }

  /** What one that comes later has missed. */
  get news(): TokenNews[] {
    return [...this.#sources].flatMap(([credential, source]) => {
      const token = source.usable();
      return token === undefined ? [] : [this.#news(credential, token)];
    });
  }

  hear(question: TokenQuestion, answer: (news: TokenNews) => void): void {
    const { credential } = question;
    const source = this.#sources.get(credential);
    if (question.kind === 'used') {
      source?.current();
      return;
    }
    const { id, refused } = question;
    this.#tokenFrom(source, refused).then(
      (token) => answer({ kind: 'answer', id, token: spellToken(token, this.#numberOf(token)) }),
      (thrown) => answer({ kind: 'answer', id, failure: spellFailure(asFailure(thrown)) }),
    );
  }

  /** Compares, then renews: the refused one may have been replaced since it was sent. */
  async #tokenFrom(source: KeptSource | undefined, refused: number | null): Promise<Token> {
    if (source === undefined) throw new Failure('token_unavailable', 'there is no such credential any more');
    const held = source.usable();
    const isRefused = held !== undefined && this.#numberOf(held) === refused;
    return await (isRefused ? source.renew(held, never) : source.get(never));
  }

  #news(credential: string, token: Token): TokenNews {
    return { kind: 'token', credential, token: spellToken(token, this.#numberOf(token)) };
  }

  #numberOf(token: Token): number {
    let number = this.#numbers.get(token);
    if (number === undefined) {
      this.#last += 1;
      number = this.#last;
      this.#numbers.set(token, number);
    }
    return number;
  }
}
