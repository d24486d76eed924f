import type { EgressProxy } from '../egress.ts';
import type { Failure } from '../errors.ts';
import type { BodyFlow, OutboundBody, OutboundRequest } from '../exchange.ts';
import { giveBack } from '../spent.ts';
import { credentials } from './through-proxy.ts';
import type { Writer } from './writer.ts';

/** What the writing of a request tells its connection. */
export interface RequestObserver {
  /** The last byte has been handed over. */
  sent(): void;
  /** More of it went out; or, `isBlocked`, the API does not take it at the moment. */
  progressed(isBlocked: boolean): void;
  /** The rest of the body will not come. */
  bodyFailed(failure: Failure): void;
}

/** To whom a request is written. */
export interface Addressee {
  /** Of the origin, as it stands in Host. */
  readonly authority: string;
  /** The proxy that is to pass it on; undefined: whoever reads it answers it. */
  readonly proxy: EgressProxy | undefined;
}

/** Methods whose requests have a length even without a body (RFC 9110 §8.6). */
const expectBody = new Set(['POST', 'PUT', 'PATCH']);

/** Writes one request. Its framing is made here. */
export class RequestWriter {
  readonly #writer: Writer;
  readonly #observer: RequestObserver;
  #flow: BodyFlow | undefined;
  #detached = false;
  #blocked = false;
  done = false;

  constructor(writer: Writer, observer: RequestObserver) {
    this.#writer = writer;
    this.#observer = observer;
  }

  write(request: OutboundRequest, addressee: Addressee): void {
    const { body } = request;
    this.#writer.hold();
    this.#writer.text(head(request, addressee));
    if (body === undefined) this.#finish();
    else if (body.whole === undefined) this.#stream(body);
    else this.#all(body.whole, body.lend());
    this.#writer.flush();
  }

  /** The rest of the body is not sent: the API has answered without it, or has gone. */
  detach(): void {
    if (this.done || this.#detached) return;
    this.#detached = true;
    this.#flow?.detach();
  }

  /** The socket takes bytes again. */
  drained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    if (this.done) return;
    this.#observer.progressed(false);
    this.#flow?.resume();
  }

  #all(chunks: readonly Buffer[], out: () => void): void {
    for (const chunk of chunks) this.#writer.bytes(chunk, out);
    this.#finish();
  }

  #stream(body: OutboundBody): void {
    const chunked = body.length === undefined;
    const flow = body.open({
      data: (chunk) => {
        if (this.#detached || chunk.length === 0) return;
        if (chunked) this.#writer.text(`${chunk.length.toString(16)}\r\n`);
        // What is not kept for a second try has nobody else.
        this.#writer.bytes(chunk, body.replayable ? undefined : giveBack);
        if (chunked) this.#writer.text('\r\n');
        if (this.#writer.ready) this.#observer.progressed(this.#blocked);
        else this.#block();
      },
      end: (trailers) => {
        if (this.#detached) return;
        if (chunked) this.#writer.text(`0\r\n${trailers.text}\r\n`);
        this.#finish();
      },
      fail: (failure) => {
        if (!this.#detached) this.#observer.bodyFailed(failure);
      },
    });
    this.#flow = flow;
    // What was kept of the body came before there was a flow to hold back.
    if (this.#detached) flow.detach();
    else if (this.#blocked) flow.pause();
  }

  #block(): void {
    if (this.#blocked) return;
    this.#blocked = true;
    this.#flow?.pause();
    this.#observer.progressed(true);
  }

  #finish(): void {
    this.done = true;
    this.#observer.sent();
  }
}

/** RFC 9112 §3.2.2: the whole address, and who we are, to a proxy; a path to anybody else. */
function startOf({ method, target }: OutboundRequest, { authority, proxy }: Addressee): string {
  if (proxy === undefined) return `${method} ${target} HTTP/1.1\r\nHost: ${authority}\r\n`;
  const lines = [`${method} http://${authority}${target} HTTP/1.1`, `Host: ${authority}`, ...credentials(proxy)];
  return `${lines.join('\r\n')}\r\n`;
}

function head(request: OutboundRequest, addressee: Addressee): string {
  const { method, fields, body, upgrade } = request;
  let text = `${startOf(request, addressee)}${fields.text}`;
  const trailers = fields.get('te') !== undefined;
  // RFC 9110 §10.1.4: TE speaks of this connection only.
  if (upgrade !== undefined) {
    text += `Connection: Upgrade${trailers ? ', TE' : ''}\r\nUpgrade: ${upgrade.protocols.join(', ')}\r\n`;
  } else if (trailers) text += 'Connection: TE\r\n';
  if (body === undefined) return expectBody.has(method) ? `${text}Content-Length: 0\r\n\r\n` : `${text}\r\n`;
  return body.length === undefined
    ? `${text}Transfer-Encoding: chunked\r\n\r\n`
    : `${text}Content-Length: ${body.length}\r\n\r\n`;
}
