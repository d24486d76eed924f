import type { AnswerHead, OutboundRequest, RetryOutcome } from '../exchange.ts';
import type { CoolDown } from './cool-down.ts';
import type { Token, TokenSource } from './token.ts';

export interface RefusalPolicyOptions {
  readonly tokens: TokenSource;
  /** Answers with these statuses refuse the token; none: nothing is ever sent again. */
  readonly statuses: readonly number[];
  readonly coolDown: CoolDown;
}

/** `accepted`: the API took the token. `try again`: it did not, and another may help. Else why no other is tried. */
export type Verdict = 'accepted' | 'try again' | Exclude<RetryOutcome, 'done'>;

/** Decides, for one route, whether an answer refuses a token and what follows. */
export class RefusalPolicy {
  readonly #options: RefusalPolicyOptions;
  /** Got because a request was refused that could not be sent again: the next such request is its second try. */
  #untried: Token | undefined;

  constructor(options: RefusalPolicyOptions) {
    this.#options = options;
  }

  /** Of the answer to a first try. */
  judge(head: AnswerHead, request: OutboundRequest, token: Token): Verdict {
    const { tokens, statuses, coolDown } = this.#options;
    if (!statuses.includes(head.status)) {
      if (head.status === 401) return 'skipped; reason=disabled';
      this.#accepted();
      return 'accepted';
    }
    if (lacksScope(head)) return 'skipped; reason=insufficient-scope';
    if (coolDown.active && tokens.current() === token) return 'skipped; reason=cooldown';
    if (request.body === undefined || request.body.replayable) return 'try again';
    if (token !== this.#untried) return 'skipped; reason=body-too-large';
    coolDown.secondRefusal(token);
    return 'skipped; reason=cooldown';
  }

  /** Of the answer to a second try: whatever it is, it is the client's. */
  judgeSecond({ status }: AnswerHead, token: Token): void {
    if (this.#options.statuses.includes(status)) this.#options.coolDown.secondRefusal(token);
    else this.#accepted();
  }

  /** In place of a second try: the next request is to have a new token. */
  renewForTheNext(refused: Token, signal: AbortSignal): void {
    this.#options.tokens.renew(refused, signal).then(
      (renewed) => {
        this.#untried = renewed;
      },
      () => {},
    );
  }

  #accepted(): void {
    this.#untried = undefined;
    this.#options.coolDown.accepted();
  }
}

/** RFC 6750 §3.1: a new token would have the same scope. */
function lacksScope({ fields }: AnswerHead): boolean {
  return fields.all('www-authenticate').some((challenge) => /error\s*=\s*"?insufficient_scope\b/i.test(challenge));
}
