import type { AnswerHead, OutboundBody, RetryOutcome } from '../exchange.ts';
import { Stop } from '../stop.ts';
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

/** What of an answer, and of the request that it is for, a verdict depends on. */
export type JudgedHead = Pick<AnswerHead, 'status' | 'fields'>;
interface JudgedRequest {
  readonly body: Pick<OutboundBody, 'replayable'> | undefined;
}

/** A wait that nothing ends. */
const never = new Stop();

/** Decides, for one route, whether an answer refuses a token and what follows. */
export class RefusalPolicy {
  readonly #options: RefusalPolicyOptions;
  /** Renewed for a request that could not be sent again: the next such request is its second try. */
  #renewedForLarge: Token | undefined;
  /** Renewed for a client that left before it was tried: the next request, whatever it is, is its second try. */
  #renewedForLeft: Token | undefined;

  constructor(options: RefusalPolicyOptions) {
    this.#options = options;
  }

  /** Of the answer to a first try. */
  judge(head: JudgedHead, request: JudgedRequest, token: Token): Verdict {
    const { tokens, statuses, coolDown } = this.#options;
    if (!statuses.includes(head.status)) {
      if (head.status === 401) return 'skipped; reason=disabled';
      this.#accepted(head);
      return 'accepted';
    }
    if (lacksScope(head)) return 'skipped; reason=insufficient-scope';
    if (coolDown.active && tokens.current() === token) return 'skipped; reason=cooldown';
    const replayable = request.body === undefined || request.body.replayable;
    if (token === this.#renewedForLeft || (token === this.#renewedForLarge && !replayable)) {
      this.#secondRefusal(token);
      return 'skipped; reason=cooldown';
    }
    return replayable ? 'try again' : 'skipped; reason=body-too-large';
  }

  /** Of the answer to a second try: whatever it is, it is the client's. */
  judgeSecond(head: JudgedHead, token: Token): void {
    if (this.#options.statuses.includes(head.status)) this.#secondRefusal(token);
    else this.#accepted(head);
  }

  /** In place of a second try: the next request is to have a new token. */
  renewForTheNext(refused: Token): void {
    this.#options.tokens.renew(refused, never).then(
      (renewed) => {
        this.#renewedForLarge = renewed;
      },
      () => {},
    );
  }

  /** The client left while its refused token was renewed. The renewal goes on, and is known when it is refused too. */
  leftUntried(refused: Token): void {
    this.#options.tokens.renew(refused, never).then(
      (renewed) => {
        this.#renewedForLeft = renewed;
      },
      () => {},
    );
  }

  #secondRefusal(token: Token): void {
    this.#options.coolDown.secondRefusal(token);
    this.#renewedForLarge = undefined;
    this.#renewedForLeft = undefined;
  }

  /** An API that is down or overloaded has said nothing of the token. */
  #accepted({ status }: JudgedHead): void {
    if (status >= 500 || status === 429) return;
    this.#renewedForLarge = undefined;
    this.#renewedForLeft = undefined;
    this.#options.coolDown.accepted();
  }
}

/** RFC 6750 §3.1: a new token would have the same scope. */
function lacksScope({ fields }: JudgedHead): boolean {
  return fields.all('www-authenticate').some((challenge) => /error\s*=\s*"?insufficient_scope\b/i.test(challenge));
}
