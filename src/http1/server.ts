/** Takes connections and hands their requests to a handler. */
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { type Handler, SHUT_DOWN } from '../exchange.ts';
import { ClientConnection, type ConnectionOwner } from './client-connection.ts';
import { Deadlines } from './deadlines.ts';
import type { RequestLimits } from './grammar.ts';
import { peerOf } from './peer.ts';
import { createTlsServer, type ServerIdentity, type TlsServer } from './tls-server.ts';

/** An address or a name, and a port (0: a free one); or the file of a unix socket. */
export type ListenPlace = { readonly host: string; readonly port: number } | { readonly path: string };

export interface ListenOptions {
  readonly at: ListenPlace;
  /** Undefined: plain HTTP. */
  readonly tls?: ServerIdentity | undefined;
  readonly limits: RequestLimits;
  readonly clock: Clock;
  /** Hears of TLS handshakes that came to nothing. `client` as in the log. */
  readonly handshakeFailed?: (error: Error, client: string) => void;
  /** More are closed as soon as they come. Left out: as many as come. */
  readonly mostConnections?: number;
  /** Hears of each of those. */
  readonly turnedAway?: () => void;
}

export class Listener implements ConnectionOwner {
  readonly handler: Handler;
  readonly limits: RequestLimits;
  readonly deadlines: Deadlines;
  readonly isLocal: boolean;
  readonly #server: Server;
  readonly #tls: TlsServer | undefined;
  readonly #at: ListenPlace;
  readonly #connections = new Set<ClientConnection>();
  #draining = false;
  /** Sockets given to `take` that are still open. */
  #taken = 0;
  #ended = (): void => {};

  constructor(handler: Handler, options: ListenOptions) {
    this.handler = handler;
    this.limits = options.limits;
    this.deadlines = new Deadlines(options.clock);
    this.#at = options.at;
    this.isLocal = 'path' in options.at;
    const taken = (socket: Socket): void => {
      this.#connections.add(new ClientConnection(socket, this));
    };
    const { tls, handshakeFailed = () => {} } = options;
    this.#tls =
      tls &&
      createTlsServer(tls, {
        taken,
        failed: (error, socket) => handshakeFailed(error, this.isLocal ? 'unix:' : peerOf(socket)),
      });
    // What a FIN means is decided here, not by node:net.
    this.#server = this.#tls?.server ?? createServer({ allowHalfOpen: true, noDelay: true }, taken);
    const { mostConnections = Number.POSITIVE_INFINITY, turnedAway = () => {} } = options;
    this.#server.maxConnections = mostConnections;
    this.#server.on('drop', () => turnedAway());
  }

  /** Resolves with the port, which a unix socket has none of; rejects with the system's error. Takes its place at once. */
  listen(): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ ...this.#at, exclusive: true }, () => {
        this.#server.off('error', reject);
        // When no more sockets can be had, those that wait are taken up as others close.
        this.#server.on('error', () => {});
        const address = this.#server.address();
        resolve(typeof address === 'string' ? undefined : address?.port);
      });
    });
  }

  /** Takes a connection that came to somebody else. Nothing of it has been read. */
  take(socket: Socket): void {
    if (this.#taken >= this.#server.maxConnections) {
      this.#server.emit('drop');
      socket.destroy();
      return;
    }
    socket.allowHalfOpen = true;
    this.#taken += 1;
    socket.once('close', () => {
      this.#taken -= 1;
      if (this.#taken === 0) this.#ended();
    });
    this.#server.emit('connection', socket);
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** From now on answers end their connections, and idle connections are closed. Still takes new ones. */
  drain(): void {
    this.#draining = true;
    for (const connection of this.#connections) connection.drain();
  }

  /** Takes no more connections; resolves when the last one has ended. Follows `drain`. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        this.#ended = resolve;
        if (this.#taken === 0) resolve();
      });
    });
  }

  /** Ends all connections at once. */
  cut(): void {
    for (const connection of this.#connections) connection.destroy(SHUT_DOWN);
    for (const socket of this.#tls?.sockets ?? []) socket.destroy();
  }

  closed(connection: ClientConnection): void {
    this.#connections.delete(connection);
  }
}
