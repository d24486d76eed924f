import { RemoteTokens } from '../../src/auth/remote-source.ts';
import type { KeptSource, TokenSource } from '../../src/auth/token.ts';
import { TokenAuthority } from '../../src/auth/token-authority.ts';
import type { Clock } from '../../src/clock.ts';
import type { TokenNews, TokenQuestion } from '../../src/worker-messages.ts';

/** A worker's end, as JSON brings it there; what it hears can be held up on the way. */
export class RemoteEnd {
  readonly tokens: RemoteTokens;
  /** What it told and asked, in its order. */
  readonly said: TokenQuestion[] = [];
  #held: TokenNews[] | undefined;

  constructor(clock: Clock, hear: (question: TokenQuestion, end: RemoteEnd) => void) {
    this.tokens = new RemoteTokens((question) => {
      this.said.push(question);
      hear(asJson(question), this);
    }, clock);
  }

  get source(): TokenSource {
    return this.tokens.source('main');
  }

  get asked(): number {
    return this.said.filter(({ kind }) => kind === 'ask').length;
  }

  deliver(news: TokenNews): void {
    if (this.#held === undefined) this.tokens.hear(asJson(news));
    else this.#held.push(news);
  }

  hold(): void {
    this.#held = [];
  }

  /** Delivers what was held, in another order if one is given. */
  release(ordered: (held: readonly TokenNews[]) => readonly TokenNews[] = (held) => held): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const news of ordered(held)) this.deliver(news);
  }
}

/** So many workers of one process that has the source. */
export function remoteEnds(source: KeptSource, clock: Clock, count: number): RemoteEnd[] {
  const ends: RemoteEnd[] = [];
  const authority = new TokenAuthority([source], (news) => {
    for (const end of ends) end.deliver(news);
  });
  for (let i = 0; i < count; i += 1) {
    const end = new RemoteEnd(clock, (question, from) => authority.hear(question, (news) => from.deliver(news)));
    for (const news of authority.news) end.deliver(news);
    ends.push(end);
  }
  return ends;
}

function asJson<T>(message: T): T {
  return JSON.parse(JSON.stringify(message));
}
