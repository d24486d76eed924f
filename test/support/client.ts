import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { expectNoCanary } from './canary.ts';

export interface CallOptions {
  readonly method?: string;
  /** Name, value, name, value, …; or an object. */
  readonly headers?: readonly string[] | Readonly<Record<string, string>>;
  /** Whole; or chunks, which are sent as chunked. */
  readonly body?: string | Buffer | AsyncIterable<Buffer> | Iterable<Buffer>;
}

export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingHttpHeaders;
  readonly trailers: NodeJS.Dict<string>;
  readonly body: Buffer;
  readonly text: string;
  /** The body as JSON. */
  json(): Record<string, unknown>;
}

/** One request on a connection of its own. Rejects when the connection is cut. An error body must hold no secret. */
export async function call(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: CallOptions = {},
): Promise<Reply> {
  const given = Array.isArray(headers) ? headers : Object.entries(headers).flat();
  const all = [
    ...given,
    ...(given.some((name, i) => i % 2 === 0 && String(name).toLowerCase() === 'host')
      ? []
      : ['Host', `127.0.0.1:${port}`]),
  ];
  const whole = typeof body === 'string' ? Buffer.from(body) : Buffer.isBuffer(body) ? body : undefined;
  if (whole !== undefined) all.push('Content-Length', String(whole.length));
  else if (body !== undefined) all.push('Transfer-Encoding', 'chunked');
  const sent = request({ host: '127.0.0.1', port, method, path, headers: all, agent: false });
  const answered = once(sent, 'response');
  if (whole !== undefined || body === undefined) sent.end(whole);
  else await sendChunks(sent, body as AsyncIterable<Buffer>);
  const [response] = await answered;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const received = Buffer.concat(chunks);
  const text = received.toString();
  if (response.headers['content-type'] === 'application/problem+json') expectNoCanary(text, 'an error body');
  const { statusCode, statusMessage, rawHeaders, trailers } = response;
  return {
    status: statusCode,
    reason: statusMessage,
    rawHeaders,
    headers: response.headers,
    trailers,
    body: received,
    text,
    json: () => JSON.parse(text),
  };
}

async function sendChunks(sent: ReturnType<typeof request>, chunks: AsyncIterable<Buffer>): Promise<void> {
  sent.on('error', () => {});
  for await (const chunk of chunks) {
    if (sent.destroyed) return;
    if (!sent.write(chunk)) await Promise.race([once(sent, 'drain'), once(sent, 'close')]);
  }
  sent.end();
}

/** A bare connection. */
export class RawConnection {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake = (): void => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket
      .on('error', () => {})
      .on('end', end)
      .on('close', end);
  }

  send(data: string | Buffer): void {
    this.socket.write(data, 'latin1');
  }

  get received(): string {
    return this.#received.toString('latin1');
  }

  /** Resolves when that has been received; rejects when the connection ends without it. */
  async until(seen: (received: string) => boolean): Promise<string> {
    while (!seen(this.received)) {
      if (this.#ended) throw new Error(`the connection ended after ${JSON.stringify(this.received)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.received;
  }

  /** Everything until the other side ends the connection. */
  async toEnd(): Promise<string> {
    while (!this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.received;
  }
}

/** Connects to a port of 127.0.0.1; closed when the test ends. */
export async function connectRaw(port: number, host = '127.0.0.1'): Promise<RawConnection> {
  const socket = connect({ host, port, allowHalfOpen: true });
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  return new RawConnection(socket);
}

/** Sends bytes and gives all that comes back until the connection ends. */
export async function exchangeRaw(port: number, bytes: string | Buffer): Promise<string> {
  const connection = await connectRaw(port);
  connection.send(bytes);
  return connection.toEnd();
}
