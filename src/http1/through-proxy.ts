/** Connections by way of an egress proxy. */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { tlsOptions } from '../client-tls.ts';
import { authorityOf, type EgressProxy } from '../egress.ts';
import { Failure } from '../errors.ts';
import { lookup } from '../lookup.ts';
import type { Destination } from './destination.ts';
import { proxyRefusal, proxysOwn, proxyUnreachable } from './proxy-failure.ts';
import { AnswerReader } from './response.ts';

export interface TunnelOptions {
  /** Of an earlier connection to the same destination. */
  readonly session: Buffer | undefined;
  /** Takes one for later connections. */
  readonly keepSession: (session: Buffer) => void;
  /** From now on the connection is this socket: TLS with the destination, in the tunnel. */
  readonly replaced: (socket: Socket) => void;
  /** It is there, TLS included. Nobody reads from the socket yet. */
  readonly connected: (socket: Socket) => void;
}

/** Asks a proxy for a tunnel to the destination (CONNECT, RFC 9110 §9.3.6), and speaks TLS with that in it. */
export class ThroughProxy {
  readonly #destination: Pick<Destination, 'host' | 'port' | 'tls'>;
  readonly #proxy: EgressProxy;
  readonly #options: TunnelOptions;
  readonly #answer = new ConnectAnswer();
  #stage: 'reaching the proxy' | 'asking' | 'in the tunnel' = 'reaching the proxy';
  #socket: Socket;

  constructor(destination: Pick<Destination, 'host' | 'port' | 'tls'>, proxy: EgressProxy, options: TunnelOptions) {
    this.#destination = destination;
    this.#proxy = proxy;
    this.#options = options;
    const { host, port, tls } = proxy;
    const place = { host, port, lookup, allowHalfOpen: true };
    this.#socket =
      tls === undefined
        ? connectTcp({ ...place, noDelay: true }).on('connect', this.#ask)
        : connectTls({ ...place, ...tlsOptions(host, tls) })
            .on('secureConnect', this.#ask)
            .setNoDelay(true);
    this.#socket.on('data', this.#take).on('end', this.#ended);
  }

  /** To the proxy; behind `replaced` to the destination. */
  get socket(): Socket {
    return this.#socket;
  }

  /** Why no connection came about, with what its socket said of it. */
  failure(error: Error): Failure {
    if (error instanceof Failure) return error;
    if (this.#stage === 'reaching the proxy') return proxyUnreachable(error, this.#proxy);
    if (this.#stage === 'asking')
      return proxysOwn('upstream_unreachable', 'the egress proxy broke the connection off', error);
    const detail =
      'the identity of who is behind the egress proxy could not be verified, or TLS with it failed (a proxy that inspects TLS needs egress.ca)';
    return new Failure('upstream_tls', detail, { cause: error, topic: 'behind egress proxy' });
  }

  /** The same, when it took too long. */
  late(): Failure {
    return this.#stage === 'in the tunnel'
      ? new Failure('upstream_timeout', 'no connection came about in time')
      : proxysOwn('upstream_timeout', 'the egress proxy gave no connection in time');
  }

  readonly #ask = (): void => {
    this.#stage = 'asking';
    const authority = authorityOf(this.#destination);
    const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`, ...credentials(this.#proxy)];
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  };

  readonly #take = (chunk: Buffer): void => {
    try {
      if (!this.#answer.take(chunk)) return;
      const refusal = proxyRefusal(this.#answer.status, this.#proxy);
      if (refusal !== undefined) throw refusal;
      this.#open();
    } catch (thrown) {
      this.#socket.destroy(
        thrown instanceof Failure ? thrown : new Error('a tunnel that cannot be used', { cause: thrown }),
      );
    }
  };

  readonly #ended = (): void => {
    this.#socket.destroy(new Error('it ended the connection'));
  };

  #open(): void {
    this.#stage = 'in the tunnel';
    const { tls, host } = this.#destination;
    const { session, keepSession, replaced, connected } = this.#options;
    const way = this.#socket.off('data', this.#take).off('end', this.#ended);
    if (tls === undefined) {
      connected(way);
      return;
    }
    way.pause();
    const socket = connectTls({ ...tlsOptions(host, tls, session), socket: way });
    way.on('error', (error) => socket.destroy(error));
    this.#socket = socket;
    socket.on('secureConnect', () => connected(socket)).on('session', keepSession);
    replaced(socket);
  }
}

/** The connection to a proxy that is sent requests in absolute form. */
export class ToProxy {
  readonly socket: Socket;
  readonly #proxy: EgressProxy;

  constructor(socket: Socket, proxy: EgressProxy) {
    this.socket = socket;
    this.#proxy = proxy;
  }

  /** As {@link ThroughProxy.failure}. */
  failure(error: Error): Failure {
    return proxyUnreachable(error, this.#proxy);
  }

  /** As {@link ThroughProxy.late}. */
  late(): Failure {
    return proxysOwn('upstream_timeout', 'no connection to the egress proxy came about in time');
  }
}

/** Who we are to a proxy, as field lines; none or one. */
export function credentials({ authorization }: EgressProxy): string[] {
  return authorization === undefined ? [] : [`Proxy-Authorization: ${authorization.reveal()}`];
}

/** Nobody needs more interim answers to one request. */
const MOST_INTERIM = 16;

/** The answer to a CONNECT: its head is all of it that matters. */
class ConnectAnswer {
  // RFC 9110 §9.3.6: no length or coding in it means anything.
  readonly #reader = new AnswerReader(false);
  #interim = 0;

  get status(): number {
    return this.#reader.status;
  }

  /** True once the final head has come. Throws the Failure of what is wrong with it. */
  take(chunk: Buffer): boolean {
    try {
      return this.#read(chunk);
    } catch (thrown) {
      const detail = thrown instanceof Failure ? thrown.detail : 'it cannot be read';
      throw proxysOwn('upstream_invalid', `the egress proxy's answer breaks HTTP: ${detail}`, thrown);
    }
  }

  #read(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length; ) {
      at = this.#reader.take(chunk, at, chunk.length);
      if (at === -1) return false;
      const { status } = this.#reader;
      // Whoever is called in a tunnel waits to be asked.
      if (status >= 200 && status < 300 && at < chunk.length)
        throw new Failure('upstream_invalid', 'something stands behind the answer that opens a tunnel');
      if (status >= 200) return true;
      this.#interim += 1;
      if (status === 101 || this.#interim > MOST_INTERIM)
        throw new Failure('upstream_invalid', 'an interim answer that nobody can use');
      this.#reader.clear();
    }
    return false;
  }
}
