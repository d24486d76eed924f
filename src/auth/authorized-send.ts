import type { Clock } from '../clock.ts';
import { asFailure, type Failure } from '../errors.ts';
import type { Answer, AnswerFlow, AnswerHead, OutboundRequest, RetryOutcome, Send } from '../exchange.ts';
import type { Fields } from '../fields.ts';
import type { StopSignal } from '../stop.ts';
import { CoolDown } from './cool-down.ts';
import type { Injection } from './injection.ts';
import { HeldRefusal, type Judge } from './refusal.ts';
import { RefusalPolicy } from './refusal-policy.ts';
import type { Token, TokenSource } from './token.ts';
import type { TokenWaits } from './token-waits.ts';

export interface AuthorizedSendOptions {
  readonly tokens: TokenSource;
  readonly waits: TokenWaits;
  readonly injection: Injection;
  /** Answers with these statuses refuse the token; none: never send again. */
  readonly statuses: readonly number[];
  readonly clock: Clock;
  /** Hears when new tokens are refused, too, and for how many milliseconds none is asked for then. */
  readonly coolingDown?: (ms: number) => void;
}

/**
 * The 401 rung: attach a token, send, and if the API refuses it, renew it and send the same bytes once more.
 * The second answer is the client's, whatever it is. Nothing else in the program knows that this happens.
 */
export function authorizedSend(
  send: Send,
  { tokens, waits, injection, statuses, clock, coolingDown }: AuthorizedSendOptions,
): Send {
  const means: Means = {
    send,
    tokens,
    waits,
    injection,
    policy: new RefusalPolicy({ tokens, statuses, coolDown: new CoolDown(clock, coolingDown) }),
  };
  return (request, answer, signal) => {
    const exchange = new AuthorizedExchange(means, { request, answer, signal });
    const token = tokens.current();
    if (token !== undefined) return exchange.send(token);
    waits
      .for(() => tokens.get(signal))
      .then((got) => signal.aborted || exchange.send(got))
      .catch((thrown) => signal.aborted || answer.fail(asFailure(thrown)));
  };
}

interface Means {
  readonly send: Send;
  readonly tokens: TokenSource;
  readonly waits: TokenWaits;
  readonly injection: Injection;
  readonly policy: RefusalPolicy;
}

interface Task {
  readonly request: OutboundRequest;
  readonly answer: Answer;
  readonly signal: StopSignal;
}

/** One request with a token on it, sent once or twice. */
class AuthorizedExchange implements Judge {
  readonly #means: Means;
  readonly #task: Task;
  /** That of the first try. */
  #token: Token | undefined;

  constructor(means: Means, task: Task) {
    this.#means = means;
    this.#task = task;
  }

  send(token: Token): void {
    const { send, injection } = this.#means;
    const { request, answer, signal } = this.#task;
    this.#token = token;
    send(injection.inject(request, token), new HeldRefusal(answer, this), signal);
  }

  judge(head: AnswerHead, refusal: HeldRefusal): 'hold' | RetryOutcome | undefined {
    const { request } = this.#task;
    const token = this.#token;
    if (token === undefined) return undefined;
    const verdict = this.#means.policy.judge(head, request, token);
    if (verdict === 'try again') {
      this.#renewAndSendOnceMore(token, refusal);
      return 'hold';
    }
    if (verdict === 'skipped; reason=body-too-large') this.#means.policy.renewForTheNext(token);
    request.body?.settle();
    return verdict === 'accepted' ? undefined : verdict;
  }

  #renewAndSendOnceMore(refused: Token, refusal: HeldRefusal): void {
    const { answer, signal } = this.#task;
    const { tokens, waits, policy } = this.#means;
    const renewed = (token: Token): void => {
      if (signal.aborted) policy.leftUntried(refused);
      else this.#sendOnceMore(token, refusal);
    };
    const unavailable = (): void => {
      if (signal.aborted) policy.leftUntried(refused);
      else this.#answerWith(refusal, 'skipped; reason=token-unavailable');
    };
    waits
      .for(() => tokens.renew(refused, signal))
      .then(renewed, unavailable)
      .catch((thrown) => {
        refusal.drop();
        answer.fail(asFailure(thrown));
      });
  }

  #sendOnceMore(token: Token, refusal: HeldRefusal): void {
    const { send, injection, policy } = this.#means;
    const { request, answer, signal } = this.#task;
    // The upload went on meanwhile: it may have become more than is kept.
    if (request.body?.replayable === false) {
      this.#answerWith(refusal, 'skipped; reason=body-too-large');
      return;
    }
    refusal.drop();
    const judge = (head: AnswerHead): void => {
      policy.judgeSecond(head, token);
      request.body?.settle();
    };
    send(injection.inject(request, token), new SecondAnswer(answer, judge), signal);
  }

  /** The API's own refusal is the answer after all. */
  #answerWith(refusal: HeldRefusal, retry: RetryOutcome): void {
    this.#task.request.body?.settle();
    refusal.release(retry);
  }
}

/** The answer to a second try: the client's, with a note that there was one. */
class SecondAnswer implements Answer {
  readonly #answer: Answer;
  readonly #judge: (head: AnswerHead) => void;

  constructor(answer: Answer, judge: (head: AnswerHead) => void) {
    this.#answer = answer;
    this.#judge = judge;
  }

  interim(head: AnswerHead): void {
    this.#answer.interim(head);
  }

  head(head: AnswerHead, flow: AnswerFlow): void {
    this.#judge(head);
    this.#answer.head({ ...head, retry: 'done' }, flow);
  }

  data(chunk: Buffer): boolean {
    return this.#answer.data(chunk);
  }

  end(trailers: Fields): void {
    this.#answer.end(trailers);
  }

  fail(failure: Failure): void {
    this.#answer.fail(failure, 'done');
  }
}
