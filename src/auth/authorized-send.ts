import type { Clock } from '../clock.ts';
import { asFailure } from '../errors.ts';
import type { Answer, AnswerHead, OutboundRequest, RetryOutcome, Send } from '../exchange.ts';
import { CoolDown } from './cool-down.ts';
import type { Injection } from './injection.ts';
import { HeldRefusal } from './refusal.ts';
import type { Token, TokenSource } from './token.ts';

export interface AuthorizedSendOptions {
  readonly tokens: TokenSource;
  readonly injection: Injection;
  /** Answers with these statuses refuse the token; none: never send again. */
  readonly statuses: readonly number[];
  readonly clock: Clock;
}

/**
 * The 401 rung: attach a token, send, and if the API refuses it, renew it and send the same bytes once more.
 * The second answer is the client's, whatever it is. Nothing else in the program knows that this happens.
 */
export function authorizedSend(send: Send, { tokens, injection, statuses, clock }: AuthorizedSendOptions): Send {
  const coolDown = new CoolDown(clock);

  const firstTry = (request: OutboundRequest, token: Token, answer: Answer, signal: AbortSignal): void => {
    const renewAndSendOnceMore = (refusal: HeldRefusal): void => {
      const answerAfterAll = (retry: RetryOutcome): void => {
        request.body?.settle();
        refusal.release(retry);
      };
      tokens.renew(token, signal).then(
        (renewed) => {
          if (signal.aborted) return;
          // The upload went on meanwhile: it may have become more than is kept.
          if (request.body?.replayable === false) return answerAfterAll('skipped; reason=body-too-large');
          refusal.drop();
          send(injection.inject(request, renewed), new SecondAnswer(answer, onHead(request, renewed)), signal);
        },
        () => signal.aborted || answerAfterAll('skipped; reason=token-unavailable'),
      );
    };
    const refusal = new HeldRefusal(answer, {
      judge(head, refused) {
        const retry = verdict(head, request, token);
        if (retry === 'try again') {
          renewAndSendOnceMore(refused);
          return { verdict: 'hold' };
        }
        if (retry === 'skipped; reason=body-too-large') tokens.renew(token, signal).catch(() => {});
        if (retry === undefined) coolDown.accepted();
        request.body?.settle();
        return retry === undefined ? { verdict: 'pass' } : { verdict: 'pass', retry };
      },
    });
    send(injection.inject(request, token), refusal, signal);
  };

  const verdict = (head: AnswerHead, request: OutboundRequest, token: Token) => {
    if (!statuses.includes(head.status)) return head.status === 401 ? 'skipped; reason=disabled' : undefined;
    if (lacksScope(head)) return 'skipped; reason=insufficient-scope';
    if (coolDown.active && tokens.current() === token) return 'skipped; reason=cooldown';
    if (request.body !== undefined && !request.body.replayable) return 'skipped; reason=body-too-large';
    return 'try again';
  };

  const onHead = (request: OutboundRequest, token: Token) => (head: AnswerHead) => {
    request.body?.settle();
    if (statuses.includes(head.status)) coolDown.secondRefusal(token);
    else coolDown.accepted();
  };

  return (request, answer, signal) => {
    const token = tokens.current();
    if (token !== undefined) return firstTry(request, token, answer, signal);
    tokens.get(signal).then(
      (got) => signal.aborted || firstTry(request, got, answer, signal),
      (thrown) => signal.aborted || answer.fail(asFailure(thrown)),
    );
  };
}

/** RFC 6750 §3.1: a new token would have the same scope. */
function lacksScope({ fields }: AnswerHead): boolean {
  return fields.all('www-authenticate').some((challenge) => /error\s*=\s*"?insufficient_scope\b/i.test(challenge));
}

/** The answer to a second try: the client's, with a note that there was one. */
class SecondAnswer implements Answer {
  readonly #answer: Answer;
  readonly #onHead: (head: AnswerHead) => void;

  constructor(answer: Answer, onHead: (head: AnswerHead) => void) {
    this.#answer = answer;
    this.#onHead = onHead;
  }

  interim(head: AnswerHead): void {
    this.#answer.interim(head);
  }

  head(...[head, flow]: Parameters<Answer['head']>): void {
    this.#onHead(head);
    this.#answer.head({ ...head, retry: 'done' }, flow);
  }

  data(chunk: Buffer): boolean {
    return this.#answer.data(chunk);
  }

  end(...[trailers]: Parameters<Answer['end']>): void {
    this.#answer.end(trailers);
  }

  fail(...[failure]: Parameters<Answer['fail']>): void {
    this.#answer.fail(failure);
  }
}
