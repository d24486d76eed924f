import { type Answer, type AnswerFlow, type AnswerHead, type InboundRequest, SHUT_DOWN } from '../exchange.ts';
import type { BoundListener } from '../server/bind.ts';
import type { StopSignal } from '../stop.ts';
import { Stop } from '../stop.ts';
import type { Generations } from './generations.ts';

/** A request that no socket brought: without a Host and a client token, which are added. */
export type OwnRequest = Pick<InboundRequest, 'method' | 'target' | 'fields' | 'body'>;

/** Requests from within this process. They are served as others are, and ended as a listener ends its own. */
export class Callers implements BoundListener {
  readonly #generations: Pick<Generations, 'current' | 'handler'>;
  readonly #underWay = new Set<Stop>();
  readonly #none: (() => void)[] = [];

  constructor(generations: Pick<Generations, 'current' | 'handler'>) {
    this.#generations = generations;
  }

  /** `signal` is that of a caller who may leave; `answer` hears of nothing more then, nor once we cut it off. */
  serve(request: OwnRequest, answer: Answer & { cut(): void }, signal: StopSignal): void {
    const { current, handler } = this.#generations;
    const stop = new Stop();
    const left = (): void => stop.abort(signal.reason);
    const over = (): void => {
      signal.removeEventListener('abort', left);
      this.#underWay.delete(stop);
      if (this.#underWay.size === 0) for (const resolve of this.#none.splice(0)) resolve();
    };
    this.#underWay.add(stop);
    signal.addEventListener('abort', left);
    stop.addEventListener('abort', () => {
      over();
      if (stop.reason === SHUT_DOWN) answer.cut();
    });
    const token = current.clientToken()?.reveal();
    const shown = token === undefined ? [] : ['Bearerway-Client-Token', token];
    const inbound: InboundRequest = {
      ...request,
      fields: request.fields.with('Host', 'localhost', ...shown),
      client: 'in-process',
    };
    if (signal.aborted) left();
    handler.serve(inbound, new NotedEnd(answer, over), stop);
  }

  /** Whoever calls knows already that we are leaving. */
  drain(): void {}

  async takeWaiting(): Promise<void> {}

  /** Resolves when the last one is answered. */
  stop(): Promise<void> {
    if (this.#underWay.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#none.push(resolve));
  }

  cut(): void {
    for (const stop of this.#underWay) stop.abort(SHUT_DOWN);
  }
}

/** Tells when an answer is over. */
class NotedEnd implements Answer {
  readonly #answer: Answer;
  readonly #over: () => void;

  constructor(answer: Answer, over: () => void) {
    this.#answer = answer;
    this.#over = over;
  }

  interim(head: AnswerHead): void {
    this.#answer.interim(head);
  }

  head(head: AnswerHead, flow: AnswerFlow): void {
    this.#answer.head(head, flow);
  }

  data(chunk: Buffer): boolean {
    return this.#answer.data(chunk);
  }

  end(...trailers: Parameters<Answer['end']>): void {
    this.#over();
    this.#answer.end(...trailers);
  }

  fail(...failure: Parameters<Answer['fail']>): void {
    this.#over();
    this.#answer.fail(...failure);
  }
}
