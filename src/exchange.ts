/**
 * The words that all parts share: a request on its way to an API, the answer on its way back, and the one type of
 * everything that sends ({@link Send}) or serves ({@link Handler}).
 *
 * Answers are pushed, so that the fast path pays for no promise and no stream per chunk.
 */
import type { Failure } from './errors.ts';
import type { Fields } from './fields.ts';
import type { StopSignal } from './stop.ts';

/** What a client sent. Read-only: an outbound request is a new value. */
export interface InboundRequest {
  readonly method: string;
  /** The request target exactly as it stood in the request line (RFC 9112 §3.2). */
  readonly target: string;
  readonly fields: Fields;
  /** Absent when the request has none. */
  readonly body: InboundBody | undefined;
  /** The protocols that it would rather speak. Never beside a body. */
  readonly upgrade?: Upgrade | undefined;
  /** Who asks: an address and port, or `unix:`; for the log. */
  readonly client: string;
  /** The port that the connection came to; of a unix socket there is none. */
  readonly localPort?: () => number | undefined;
}

/** A wish to go on in another protocol (RFC 9110 §7.8): granted by an answer of status 101, refused by any other. */
export interface Upgrade {
  /** Members of Upgrade as the client spells them, one at least. */
  readonly protocols: readonly string[];
  /** What the client sends in that protocol. Read when the API has changed to it, and only then. */
  readonly bytes: InboundBody;
}

/** A request body that is still on its way. Nothing is taken from the client before `read`. */
export interface InboundBody {
  /** Bytes, from Content-Length; undefined for a chunked body. */
  readonly length: number | undefined;
  /** Its client waits for `100 Continue` before it sends any of it. */
  readonly awaitsContinue?: boolean | undefined;
  /** Starts delivery, once; a client that waits for `100 Continue` gets it now. */
  read(sink: BodySink): void;
  /** `pause` holds the client back, `resume` lets it go on. */
  pause(): void;
  resume(): void;
}

/** Takes a body: chunks, then exactly one of `end` and `fail`, also when the client leaves. A chunk is the receiver's to keep. */
export interface BodySink {
  data(chunk: Buffer): void;
  /** RFC 9110 §6.5: the trailers of a chunked body, without those that may not be any. */
  end(trailers: Fields): void;
  fail(failure: Failure): void;
}

/** What goes to an API. Framing, Host and connection fields are the sender's own and never among `fields`. */
export interface OutboundRequest {
  readonly method: string;
  /** Origin-form: the path below the upstream's origin, with its query. */
  readonly target: string;
  readonly fields: Fields;
  readonly body: OutboundBody | undefined;
  /** As in {@link InboundRequest}. */
  readonly upgrade?: Upgrade | undefined;
}

/** A request body as a sender sees it. */
export interface OutboundBody {
  /** Bytes, to be framed as Content-Length; undefined: to be framed as chunked. */
  readonly length: number | undefined;
  /** The body in its order, if all of it was read before sending. */
  readonly whole: readonly Buffer[] | undefined;
  /** True while every byte from the first one on can be sent (again). */
  readonly replayable: boolean;
  /** All of `whole` is about to go out; what is returned is called for each chunk that has. */
  lend(): () => void;
  /** Delivers from the first byte on, taking the stream away from whoever opened it before. Only while `replayable`. */
  open(sink: BodySink): BodyFlow;
  /** No further try will come: what was kept for one is let go, and `whole` is there no more when it has gone out. */
  settle(): void;
}

/** How a sender holds a body back. After `detach` it hears nothing more. */
export interface BodyFlow {
  pause(): void;
  resume(): void;
  detach(): void;
}

/** The head of an answer. */
export interface AnswerHead {
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  /** Of a 101: the protocol that follows, one of those that were asked for. */
  readonly protocol?: string | undefined;
  /** Milliseconds the API took to begin this answer; absent when no API was asked. */
  readonly upstreamMs?: number | undefined;
  /** What became of a 401; becomes the field `Bearerway-Retry`. */
  readonly retry?: RetryOutcome | undefined;
}

/** Whether a refused request was sent once more, and if not, why. */
export type RetryOutcome =
  | 'done'
  | 'skipped; reason=body-too-large'
  | 'skipped; reason=cooldown'
  | 'skipped; reason=token-unavailable'
  | 'skipped; reason=insufficient-scope'
  | 'skipped; reason=disabled';

/**
 * Takes an answer: any number of `interim`, one `head`, chunks, then one `end`; or `fail` at any point, which is
 * the last call then. A chunk is the receiver's to keep. Nothing is called after the request's signal was aborted.
 *
 * Behind a head of status 101 chunks are of the other protocol, and `end` says that the API has ended its side: it is
 * over when the client has ended its own.
 */
export interface Answer {
  /** An interim answer (1xx other than 100 and 101, RFC 9110 §15.2). */
  interim(head: AnswerHead): void;
  head(head: AnswerHead, flow: AnswerFlow): void;
  /** False: no more chunks, please, until `flow.resume`. */
  data(chunk: Buffer): boolean;
  end(trailers: Fields): void;
  /** `retry`: what had become of a 401 before, where no head can tell it any more. */
  fail(failure: Failure, retry?: RetryOutcome): void;
}

/** How the receiver of an answer governs its sender. */
export interface AnswerFlow {
  resume(): void;
  /** The rest is not wanted; nothing more is called. */
  cancel(): void;
}

/**
 * Sends a request and pushes what comes back. Never throws: a failure goes to `answer.fail`.
 * `signal` is aborted when the client has left, or with {@link SHUT_DOWN} when we cut it off; the sender stops at once.
 */
export type Send = (request: OutboundRequest, answer: Answer, signal: StopSignal) => void;

/** The reason of a signal that is aborted because the proxy ends, and not because the client left. */
export const SHUT_DOWN = Symbol('the proxy ends');

/** Serves requests: the listener calls it. Never throws. */
export interface Handler {
  /** Once for each request whose head came whole. */
  serve: (request: InboundRequest, answer: Answer, signal: StopSignal) => void;
  /** For what is no request: answers with the failure. The connection is closed behind it. */
  refuse: (failure: Failure, asked: Asked, answer: Answer) => void;
}

/** What is known of who asked for what; `method` and `target` are empty as long as there is no request line. */
export interface Asked extends Pick<InboundRequest, 'method' | 'target' | 'client'> {
  /** Milliseconds that its head was waited for, where that was too long. */
  readonly waitedMs?: number | undefined;
}
