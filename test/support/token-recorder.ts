import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { listening } from './server.ts';

/** A request as its bytes say. */
export interface RecordedRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** By lower-cased name; each value, in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

/** Takes the connection once a whole request has come in. */
export type RecorderBehaviour = (socket: Socket) => void;

/** A token endpoint on a bare socket: keeps what came in as it came, and answers bytes. */
export class TokenRecorder {
  readonly port: number;
  readonly requests: RecordedRequest[] = [];
  behaviour: RecorderBehaviour = answering(jsonAnswer({ access_token: 'canary-token-bare', expires_in: 3600 }));
  readonly close: () => Promise<void>;
  #awaited: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.close = close;
  }

  url(path = '/token'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Resolves when so many requests have come in whole, in all. */
  requested(count: number): Promise<void> {
    if (this.requests.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#awaited.push({ count, resolve }));
  }

  record(request: RecordedRequest, socket: Socket): void {
    this.requests.push(request);
    this.behaviour(socket);
    for (const { count, resolve } of this.#awaited) if (this.requests.length >= count) resolve();
  }
}

/** Closed, with all its connections, when the test ends. */
export async function startTokenRecorder(): Promise<TokenRecorder> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const request = wholeRequest(received);
      if (request === undefined) return;
      received = Buffer.alloc(0);
      recorder.record(request, socket);
    });
  });
  let closed: Promise<unknown> | undefined;
  const close = async (): Promise<void> => {
    closed ??= once(server.close(), 'close');
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const recorder = new TokenRecorder(await listening(server), close);
  onTestFinished(close);
  return recorder;
}

/** One request with a Content-Length, or undefined while some of it is missing. */
function wholeRequest(bytes: Buffer): RecordedRequest | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [requestLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const [method = '', target = '', version = ''] = requestLine.split(' ');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const body = bytes.subarray(end + 4);
  if (body.length < Number(headers.get('content-length')?.[0] ?? 0)) return undefined;
  return { method, target, version, headers, body: body.toString('utf8') };
}

/** Answers with these bytes and ends the connection. */
export function answering(bytes: string | Buffer): RecorderBehaviour {
  return (socket) => {
    socket.end(bytes);
  };
}

/** The bytes of an answer with its length. */
export function answer(status: number, body: string | Buffer, headers: readonly string[] = []): Buffer {
  const content = Buffer.from(body);
  const head = [`HTTP/1.1 ${status} Whatever`, ...headers, `Content-Length: ${content.length}`, 'Connection: close'];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), content]);
}

export function jsonAnswer(content: unknown): Buffer {
  return answer(200, JSON.stringify(content), ['Content-Type: application/json']);
}
