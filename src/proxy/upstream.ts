/** The only file that opens connections to APIs. */
import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { Answer, AnswerFlow, OutboundRequest, Send } from '../exchange.ts';
import { Fields } from '../fields.ts';
import { BodyStream } from './body-stream.ts';
import { upstreamFailure } from './upstream-failure.ts';

export interface UpstreamOptions {
  /** `https://host` or `https://host:port`, from config alone. */
  readonly origin: string;
  /** Milliseconds. `headers` counts from the last byte of the request. */
  readonly timeouts: { readonly connect: number; readonly headers: number; readonly idle: number };
  /** How many requests may be under way at once; more wait for at most `timeouts.connect`. */
  readonly connections: number;
  /** PEM. */
  readonly tls: {
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
    readonly insecure: boolean;
  };
}

export interface Upstream {
  readonly send: Send;
  /** Breaks off whatever is under way. */
  close(): Promise<void>;
}

/** Nobody needs more interim answers to one request. */
const MOST_INTERIM = 16;
/** A connection is not used longer than this, so that a changed DNS answer is noticed. */
const CONNECTION_LIFE_MS = 60_000;

export function upstream({ origin, timeouts, connections, tls }: UpstreamOptions, clock: Clock): Upstream {
  const { insecure, ...identity } = tls;
  const pool = new Pool(origin, {
    connections,
    allowH2: false,
    pipelining: 1,
    clientTtl: CONNECTION_LIFE_MS,
    keepAliveMaxTimeout: CONNECTION_LIFE_MS,
    headersTimeout: timeouts.headers,
    bodyTimeout: timeouts.idle,
    connect: { ...identity, timeout: timeouts.connect, rejectUnauthorized: !insecure },
  });
  let underWay = 0;
  const send: Send = (request, answer, signal) => {
    if (signal.aborted) return;
    underWay += 1;
    const exchange = new Exchange({ answer, clock, done: () => (underWay -= 1) });
    if (underWay > connections) exchange.waitAtMost(timeouts.connect);
    signal.addEventListener('abort', exchange.cancel, { once: true });
    pool.dispatch(dispatchOptions(request), exchange);
  };
  return { send, close: () => pool.destroy() };
}

function dispatchOptions({ method, target, fields, body }: OutboundRequest): Dispatcher.DispatchOptions {
  const headers = [...fields.lines];
  const options = { method, path: target, headers, ...(method === 'HEAD' ? { reset: false } : {}) };
  if (body === undefined) return options;
  if (body.whole !== undefined) return { ...options, body: body.whole };
  if (body.length !== undefined) headers.push('Content-Length', String(body.length));
  return { ...options, body: new BodyStream(body) };
}

interface ExchangeOptions {
  readonly answer: Answer;
  readonly clock: Clock;
  readonly done: () => void;
}

/** One request and its answer, as undici tells of them. */
class Exchange implements Dispatcher.DispatchHandler, AnswerFlow {
  readonly #answer: Answer;
  readonly #clock: Clock;
  readonly #onDone: () => void;
  readonly #sentAtMs: number;
  #controller: Dispatcher.DispatchController | undefined;
  #stopWaiting = (): void => {};
  #done = false;
  #interim = 0;
  #headed = false;
  #expected: number | undefined;
  #received = 0;

  constructor({ answer, clock, done }: ExchangeOptions) {
    this.#answer = answer;
    this.#clock = clock;
    this.#onDone = done;
    this.#sentAtMs = clock.monotonicMs();
  }

  /** For a free connection. */
  waitAtMost(ms: number): void {
    this.#stopWaiting = this.#clock.after(ms, () => {
      this.#fail(
        new Failure('overloaded', 'every connection to the API was busy for too long', { retryAfterMs: 1000 }),
      );
    });
  }

  readonly cancel = (): void => {
    if (this.#finish()) this.#abort();
  };

  resume(): void {
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#stopWaiting();
    if (this.#done) this.#abort();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _headers: unknown, phrase = ''): void {
    if (this.#done) return;
    const fields = fieldsOf(controller.rawHeaders);
    // undici has read it as UTF-8.
    const reason = Buffer.from(phrase).toString('latin1');
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > MOST_INTERIM)
        this.#breakOff(new Failure('upstream_invalid', 'its interim answers do not end'));
      else this.#answer.interim({ status, reason, fields });
      return;
    }
    this.#headed = true;
    const length = fields.get('content-length');
    this.#expected = length === undefined ? undefined : Number(length);
    this.#answer.head({ status, reason, fields, upstreamMs: this.#clock.monotonicMs() - this.#sentAtMs }, this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#done) return;
    this.#received += chunk.length;
    if (!this.#answer.data(chunk)) controller.pause();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#finish()) this.#answer.end(fieldsOf(controller.rawTrailers));
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    // undici takes an answer for broken when its connection ends while a slow client holds it back, complete or not.
    const complete = this.#headed && this.#received === this.#expected;
    if (!this.#finish()) return;
    if (complete) this.#answer.end(Fields.none);
    else this.#answer.fail(upstreamFailure(error));
  }

  #breakOff(failure: Failure): void {
    this.#fail(failure);
    this.#abort();
  }

  #fail(failure: Failure): void {
    if (this.#finish()) this.#answer.fail(failure);
  }

  #abort(): void {
    this.#controller?.abort(new Error('cancelled'));
  }

  /** True the first time. */
  #finish(): boolean {
    if (this.#done) return false;
    this.#done = true;
    this.#stopWaiting();
    this.#onDone();
    return true;
  }
}

function fieldsOf(raw: Dispatcher.DispatchController['rawHeaders']): Fields {
  if (!Array.isArray(raw)) return Fields.none;
  return new Fields(raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))));
}
