/** Takes connections and hands their requests to a handler. On node:http. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { asFailure } from '../errors.ts';
import { type Handler, SHUT_DOWN } from '../exchange.ts';
import { Fields } from '../fields.ts';
import { checkHead, parserFailure, type RequestLimits } from './framing.ts';
import { inboundRequest, NodeAnswer, type NodeBody, peerOf } from './node-exchange.ts';
import { RawAnswer } from './raw-answer.ts';

export interface ListenOptions {
  /** An address or a name. */
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly limits: RequestLimits;
  readonly clock: Clock;
}

/** Clients keep connections, and close them before we do. */
const KEEP_ALIVE_MS = 75_000;
/** While draining, a connection without a request for so long is closed. */
const IDLE_MS = 1000;
const IDLE_CHECK_MS = 100;

/** What goes on at one connection. */
interface ConnectionState {
  /** One for each request that is under way, to break it off. */
  readonly underWay: Set<AbortController>;
  idleSinceMs: number;
  /** The request that is arriving, while it is not whole. */
  arriving?: { readonly request: IncomingMessage; readonly body: NodeBody | undefined; broken: boolean };
  /** Answers to what came behind the requests that are under way, and was none. */
  refuse?: () => void;
}

export class Listener {
  readonly #server: Server;
  readonly #connections = new Map<Socket, ConnectionState>();
  readonly #handler: Handler;
  readonly #options: ListenOptions;
  #draining = false;

  constructor(handler: Handler, options: ListenOptions) {
    this.#handler = handler;
    this.#options = options;
    const { limits } = options;
    this.#server = createServer({
      // Node counts target and fields together; each has its own bound in checkHead.
      maxHeaderSize: limits.headerSize + limits.targetSize + 1024,
      headersTimeout: limits.headersTimeout,
      requestTimeout: 0,
      connectionsCheckingInterval: 500,
      keepAliveTimeout: KEEP_ALIVE_MS,
      requireHostHeader: false,
      insecureHTTPParser: false,
      noDelay: true,
    });
    this.#server.maxHeadersCount = 0;
    this.#server
      .on('connection', this.#connected)
      .on('request', this.#serve)
      .on('checkContinue', this.#serve)
      .on('checkExpectation', this.#serve)
      .on('connect', (request: IncomingMessage, socket: Socket) => this.#tunnelAsked(request, socket))
      .on('clientError', (error: Error, socket: Socket) => this.#unreadable(error, socket));
  }

  /** Resolves with the port; rejects with the system's error. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: this.#options.host, port: this.#options.port, exclusive: true }, () => {
        this.#server.off('error', reject);
        // A listener on TCP has one; only a pipe has a string.
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** From now on answers end their connections, and idle connections are closed. Still takes new ones. */
  drain(): void {
    this.#draining = true;
    this.#closeIdle();
  }

  /** Takes no more connections; resolves when the last one has ended. Follows `drain`. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      // http's own close would end idle connections at once, and requests on their way with them.
      NetServer.prototype.close.call(this.#server, () => {
        this.#server.close(() => {});
        resolve();
      });
    });
  }

  /** Ends all connections at once. */
  cut(): void {
    for (const [socket, { underWay }] of this.#connections) {
      for (const left of underWay) left.abort(SHUT_DOWN);
      socket.destroy();
    }
  }

  #closeIdle(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [socket, { underWay, idleSinceMs }] of this.#connections) {
      if (underWay.size === 0 && nowMs - idleSinceMs >= IDLE_MS) socket.destroy();
    }
    this.#options.clock.after(
      IDLE_CHECK_MS,
      () => (this.#server.listening || this.#connections.size > 0) && this.#closeIdle(),
    );
  }

  readonly #connected = (socket: Socket): void => {
    this.#connections.set(socket, { underWay: new Set(), idleSinceMs: this.#options.clock.monotonicMs() });
    socket.on('error', () => {}).on('close', () => this.#connections.delete(socket));
  };

  readonly #serve = (request: IncomingMessage, response: ServerResponse): void => {
    const left = new AbortController();
    const state = this.#connections.get(request.socket);
    response
      .on('error', () => {})
      .on('close', () => {
        if (!response.writableFinished) left.abort();
        if (state !== undefined) this.#ended(request.socket, state, left);
      });
    const inbound = inboundRequest(request, response);
    const arriving = { request, body: inbound.body, broken: false };
    // Heard before the body is told that it was cut: who has gone is not to be answered.
    request.on('close', () => request.complete || arriving.broken || left.abort());
    if (state !== undefined) {
      state.underWay.add(left);
      state.arriving = arriving;
    }
    try {
      checkHead(request, this.#options.limits);
    } catch (thrown) {
      const closing = new NodeAnswer(request, response, () => true);
      this.#handler.refuse(asFailure(thrown), inbound.client, closing);
      return;
    }
    this.#handler.serve(
      inbound,
      new NodeAnswer(request, response, () => this.#draining || arriving.broken),
      left.signal,
    );
  };

  #ended(socket: Socket, state: ConnectionState, left: AbortController): void {
    state.underWay.delete(left);
    state.idleSinceMs = this.#options.clock.monotonicMs();
    if (state.underWay.size > 0) return;
    if (state.arriving?.broken === true) socket.destroySoon();
    state.refuse?.();
  }

  /** CONNECT: the handler has a refusal for it, in words that help. */
  #tunnelAsked(request: IncomingMessage, socket: Socket): void {
    const { method = '', url = '', rawHeaders } = request;
    const inbound = { method, target: url, fields: new Fields(rawHeaders), body: undefined, client: peerOf(socket) };
    this.#behindOthers(socket, () => this.#handler.serve(inbound, new RawAnswer(socket), new AbortController().signal));
  }

  /** An answer on the bare socket must not overtake those that clients wait for. */
  #behindOthers(socket: Socket, refuse: () => void): void {
    const state = this.#connections.get(socket);
    if (state === undefined || state.underWay.size === 0) refuse();
    else state.refuse = refuse;
  }

  /** Node's parser gave up: in the middle of a request's body, or at what should have been the next request. */
  #unreadable(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const failure = parserFailure(error, this.#options.limits);
    const { arriving, underWay } = this.#connections.get(socket) ?? {};
    if (arriving !== undefined && !arriving.request.complete) {
      if (error.code === 'HPE_INVALID_EOF_STATE') {
        // Gone in the middle of a request; a reset can look like that too.
        socket.destroy();
        return;
      }
      arriving.broken = true;
      arriving.body?.fail(failure);
      // Answered before its body was whole: there is nobody left to tell.
      if (underWay?.size === 0) socket.destroySoon();
    } else this.#behindOthers(socket, () => this.#handler.refuse(failure, peerOf(socket), new RawAnswer(socket)));
  }
}
