/** One request and its answer on node:http, in the words of the seam. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Failure } from '../errors.ts';
import type { Answer, AnswerFlow, AnswerHead, BodySink, InboundBody, InboundRequest } from '../exchange.ts';
import { Fields } from '../fields.ts';

export function inboundRequest(
  request: IncomingMessage,
  response: ServerResponse,
): InboundRequest & { readonly body: NodeBody | undefined } {
  const { method = '', url = '', rawHeaders, headers } = request;
  const length = headers['content-length'];
  const has = length !== undefined || headers['transfer-encoding'] !== undefined;
  return {
    method,
    target: url,
    fields: new Fields(rawHeaders),
    client: peerOf(request.socket),
    body: has ? new NodeBody(request, response, length === undefined ? undefined : Number(length)) : undefined,
  };
}

/** `address:port`, `[address]:port`. */
export function peerOf({
  remoteAddress,
  remotePort,
}: {
  remoteAddress?: string | undefined;
  remotePort?: number | undefined;
}): string {
  if (remoteAddress === undefined) return 'gone';
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}

/** True if the client waits for leave to send the body. */
function expectsContinue(request: IncomingMessage): boolean {
  return request.httpVersion === '1.1' && /^100-continue$/i.test(request.headers.expect ?? '');
}

export class NodeBody implements InboundBody {
  readonly length: number | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #sink: BodySink | undefined;
  #failure: Failure | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, length: number | undefined) {
    this.#request = request;
    this.#response = response;
    this.length = length;
  }

  read(sink: BodySink): void {
    if (this.#failure !== undefined) {
      sink.fail(this.#failure);
      return;
    }
    this.#sink = sink;
    if (expectsContinue(this.#request)) this.#response.writeContinue();
    this.#request
      .on('data', (chunk: Buffer) => sink.data(chunk))
      .on('end', () => sink.end())
      .on('error', () => {})
      .on(
        'close',
        () => this.#request.readableEnded || this.fail(new Failure('bad_request', 'the body was cut short')),
      );
  }

  pause(): void {
    this.#request.pause();
  }

  resume(): void {
    this.#request.resume();
  }

  /** The rest cannot be read. */
  fail(failure: Failure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#sink?.fail(failure);
  }
}

/** The answer to a request; `closes` is asked whether the connection ends behind it. */
export class NodeAnswer implements Answer {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #closes: () => boolean;

  constructor(request: IncomingMessage, response: ServerResponse, closes: () => boolean) {
    this.#request = request;
    this.#response = response;
    this.#closes = closes;
    response.sendDate = false;
  }

  interim({ status, fields }: AnswerHead): void {
    // node:http can write no other; 100 is ours, and 102 says nothing.
    if (status !== 103 || this.#request.httpVersion === '1.0') return;
    const hints: Record<string, string[]> = {};
    for (const name of new Set(fields.lines.filter((_, index) => index % 2 === 0).map((line) => line.toLowerCase()))) {
      hints[name] = fields.all(name);
    }
    if (hints['link'] !== undefined) this.#response.writeEarlyHints(hints);
  }

  head({ status, reason, fields }: AnswerHead, flow: AnswerFlow): void {
    // Whoever waits for 100 Continue and gets this instead may send the body or not: the connection is of no more use.
    const unasked = expectsContinue(this.#request) && !this.#request.readableFlowing && !this.#request.complete;
    // RFC 9110 §15.5.9: what is left of a request that came too late is not waited for.
    const closes = unasked || status === 408 || this.#closes();
    // node:http throws at an announcement of trailers that could not come.
    const kept = this.#mayHaveTrailers(status, fields) ? fields : fields.without((name) => name === 'trailer');
    const lines = closes ? kept.with('Connection', 'close').lines : kept.lines;
    this.#response.on('drain', () => flow.resume());
    this.#response.writeHead(status, reason, [...lines]);
    // Unlike flushHeaders, this writes the head as the bytes that came.
    this.#response.write('', 'latin1');
  }

  #mayHaveTrailers(status: number, fields: Fields): boolean {
    const chunked = fields.get('content-length') === undefined && this.#request.httpVersion !== '1.0';
    return chunked && this.#request.method !== 'HEAD' && status !== 204 && status !== 304;
  }

  data(chunk: Buffer): boolean {
    return this.#response.write(chunk);
  }

  end(trailers: Fields): void {
    if (trailers.count > 0) this.#response.addTrailers(pairs(trailers));
    this.#response.end();
  }

  fail(): void {
    // To a client of HTTP/1.0 an ordinary end would be the end of the body.
    if (this.#request.httpVersion === '1.0') this.#response.socket?.resetAndDestroy();
    this.#response.destroy();
  }
}

function pairs({ lines }: Fields): [string, string][] {
  return lines.flatMap((name, index): [string, string][] => (index % 2 === 0 ? [[name, lines[index + 1] ?? '']] : []));
}
