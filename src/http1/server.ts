/** Takes connections and hands their requests to a handler. */
import { createServer, type Server, type Socket } from 'node:net';
import { alike } from '../alike.ts';
import type { Clock } from '../clock.ts';
import { type Handler, SHUT_DOWN } from '../exchange.ts';
import { ClientConnection, type ConnectionOwner } from './client-connection.ts';
import { Deadlines } from './deadlines.ts';
import type { RequestLimits } from './grammar.ts';
import { type Handshakes, handshakes, type ServerIdentity } from './handshakes.ts';
import { type ListenPlace, listenAt, waitingTaken } from './listening.ts';
import { cameOne } from './newcomers.ts';
import { peerOf } from './peer.ts';
import { Places } from './places.ts';

/** What can be changed while it listens. */
export interface ListenTerms {
  /** Undefined: plain HTTP. */
  readonly tls?: ServerIdentity | undefined;
  readonly limits: RequestLimits;
}

export interface ListenOptions extends ListenTerms {
  readonly at: ListenPlace;
  readonly clock: Clock;
  /** Hears of TLS handshakes that came to nothing. `client` as in the log. */
  readonly handshakeFailed?: (error: Error, client: string) => void;
  /** A connection that gets none is closed as soon as it comes. Left out: there are as many as come. */
  readonly places?: Places;
  /** Hears of each of those. */
  readonly turnedAway?: () => void;
}

export class Listener implements ConnectionOwner {
  readonly handler: Handler;
  readonly deadlines: Deadlines;
  readonly isLocal: boolean;
  readonly #server: Server;
  readonly #at: ListenPlace;
  readonly #handshakeFailed: NonNullable<ListenOptions['handshakeFailed']>;
  readonly #places: Places;
  readonly #turnedAway: NonNullable<ListenOptions['turnedAway']>;
  readonly #connections = new Set<ClientConnection>();
  /** What is below connections with TLS, those in the middle of their handshake too. */
  readonly #secured = new Set<Socket>();
  #limits: RequestLimits;
  #identity: ServerIdentity | undefined;
  #handshakes: Handshakes | undefined;
  /** How many connections were taken so far. */
  #taken = 0;
  /** Those that came to somebody else, and are still open. */
  readonly #given = new Set<Socket>();
  #givenEnded = (): void => {};
  #draining = false;
  #stopped: Promise<void> | undefined;

  constructor(handler: Handler, options: ListenOptions) {
    this.handler = handler;
    this.#limits = options.limits;
    this.deadlines = new Deadlines(options.clock);
    this.#at = options.at;
    this.isLocal = 'path' in options.at;
    this.#handshakeFailed = options.handshakeFailed ?? (() => {});
    this.#places = options.places ?? new Places(Number.POSITIVE_INFINITY);
    this.#turnedAway = options.turnedAway ?? (() => {});
    this.become(options);
    // What a FIN means is decided here, not by node:net.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  get limits(): RequestLimits {
    return this.#limits;
  }

  /**
   * For requests, and handshakes, that begin from now on; connections of clients that would not be let in any more end
   * behind their next answer. Throws for an identity that is none; all stays as it was then.
   */
  become({ tls, limits }: ListenTerms): void {
    if (!alike(tls, this.#identity)) {
      this.#handshakes =
        tls &&
        handshakes(tls, {
          taken: (socket) => {
            const connection = this.#take(socket);
            // Others may be let in than when its handshake began.
            if (!admitAlike(tls, this.#identity)) connection.drain();
          },
          failed: (error, socket) => this.#handshakeFailed(error, this.isLocal ? 'unix:' : peerOf(socket)),
        });
      const before = this.#identity;
      this.#identity = tls;
      if (!admitAlike(before, tls)) for (const connection of this.#connections) connection.drain();
    }
    if (!alike(limits, this.#limits)) this.#limits = limits;
  }

  #accept(socket: Socket): void {
    this.#taken += 1;
    cameOne();
    if (!this.#places.take(socket)) {
      this.#turnedAway();
      socket.destroy();
      return;
    }
    if (this.#handshakes === undefined) {
      this.#take(socket);
      return;
    }
    this.#secured.add(socket);
    socket.on('close', () => this.#secured.delete(socket));
    this.#handshakes.begin(socket);
  }

  #take(socket: Socket): ClientConnection {
    const connection = new ClientConnection(socket, this);
    this.#connections.add(connection);
    this.rests(connection);
    return connection;
  }

  /** Resolves with the port, which a unix socket has none of; rejects with the system's error. Takes its place at once. */
  listen(): Promise<number | undefined> {
    return listenAt(this.#server, this.#at);
  }

  /** Takes a connection that came to somebody else. Nothing of it has been read. */
  take(socket: Socket): void {
    socket.allowHalfOpen = true;
    this.#given.add(socket);
    socket.once('close', () => {
      this.#given.delete(socket);
      if (this.#given.size === 0) this.#givenEnded();
    });
    this.#accept(socket);
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** From now on answers end their connections, and idle connections are closed. Still takes new ones. */
  drain(): void {
    this.#draining = true;
    for (const connection of this.#connections) connection.drain();
  }

  /** Takes up those that wait to be, before a `stop` that would reset them. */
  takeWaiting(): Promise<void> {
    return waitingTaken(() => this.#taken);
  }

  /** Takes no more connections; resolves when the last one has ended. Follows `drain`. */
  stop(): Promise<void> {
    this.#stopped ??= new Promise((resolve) => {
      this.#server.close(() => {
        this.#givenEnded = resolve;
        if (this.#given.size === 0) resolve();
      });
    });
    return this.#stopped;
  }

  /** Ends all connections at once. */
  cut(): void {
    for (const connection of this.#connections) connection.destroy(SHUT_DOWN);
    for (const socket of this.#secured) socket.destroy();
  }

  rests(connection: ClientConnection): void {
    this.#places.rests(connection);
  }

  closed(connection: ClientConnection): void {
    this.#places.left(connection);
    this.#connections.delete(connection);
  }
}

/** Whether the same clients are let in. */
function admitAlike(a: ServerIdentity | undefined, b: ServerIdentity | undefined): boolean {
  return (a === undefined) === (b === undefined) && a?.clientCa === b?.clientCa;
}
