import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { IdentityProvider } from './identity-provider.ts';
import { closing, listening } from './server.ts';

/** Refuses a handshake with these bytes. */
export type Refusal = string;

/** An API of WebSockets that sends back what comes. It takes what the identity provider says is a current token. */
export class WebSocketApi {
  readonly url: string;
  /** The handshakes that came, refused ones too. */
  readonly handshakes: IncomingMessage[] = [];
  readonly #server: WebSocketServer;
  readonly #provider: IdentityProvider;
  #refusals: Refusal[] = [];

  constructor(url: string, server: WebSocketServer, provider: IdentityProvider) {
    this.url = url;
    this.#server = server;
    this.#provider = provider;
  }

  /** The sockets that are open. */
  get open(): WebSocket[] {
    return [...this.#server.clients];
  }

  /** The next handshake is answered so, and its connection ended. */
  refuseOnce(answer: Refusal): void {
    this.#refusals.push(answer);
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.handshakes.push(request);
    socket.on('error', () => {});
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const refusal = this.#refusals.shift() ?? (this.#provider.accepts(token) ? undefined : unauthorized);
    if (refusal !== undefined) socket.end(refusal);
    else this.#server.handleUpgrade(request, socket, head, (socket) => echo(socket));
  }
}

const unauthorized = 'HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nwho are you?';

function echo(socket: WebSocket): void {
  socket.on('error', () => {});
  socket.on('message', (data: RawData, binary: boolean) => socket.send(data, { binary }));
}

export async function startWebSocketApi(provider: IdentityProvider): Promise<WebSocketApi> {
  const server = createServer((_request, response) => response.writeHead(426).end());
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 * 1024 });
  const api = new WebSocketApi(`http://127.0.0.1:${await listening(server)}`, sockets, provider);
  server.on('upgrade', (request, socket, head) => api.upgrade(request, socket, head));
  onTestFinished(async () => {
    for (const socket of sockets.clients) socket.terminate();
    await closing(server);
  });
  return api;
}

/** A client's socket, when it is open; it is ended with the test. Rejects when the handshake fails. */
export async function openSocket(
  url: string,
  options: { readonly perMessageDeflate?: boolean } = {},
): Promise<WebSocket> {
  const socket = new WebSocket(url, options);
  onTestFinished(() => socket.terminate());
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  return socket;
}
