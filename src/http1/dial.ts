/** Opens connections to APIs. What is verified of their identity is decided here. */
import { connect as connectTcp, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { tlsOptions } from '../client-tls.ts';
import { Failure } from '../errors.ts';
import { lookup } from '../lookup.ts';
import type { Destination } from './destination.ts';
import { dialFailure } from './dial-failure.ts';
import { ThroughProxy, ToProxy } from './through-proxy.ts';

/** Into which all sockets read: what is kept of it is copied in the same turn. */
const sharedBuffer = Buffer.allocUnsafeSlow(65_536);

export interface DialOptions {
  /** Takes `length` bytes of a buffer that is written over in the next turn; false: no more for now. */
  readonly read: (buffer: Buffer, length: number) => boolean;
  /** Of an earlier connection to the same destination. */
  readonly session: Buffer | undefined;
  /** Takes one for later connections. */
  readonly keepSession: (session: Buffer) => void;
  /** It is there: TLS, too, where that is asked for. */
  readonly connected: () => void;
  /** From now on the connection is this socket: TLS in a proxy's tunnel. */
  readonly replaced: (socket: Socket) => void;
}

/** A connection on its way. */
export interface Dialing {
  readonly socket: Socket;
  /** Why none came about, with what its socket said of it. */
  failure(error: Error): Failure;
  /** The same, when it took too long. */
  late(): Failure;
}

/** Throws for an identity that is none. */
export function dial(destination: Destination, options: DialOptions): Dialing {
  const { proxy, forwarded = false } = destination;
  if (proxy === undefined) return straight(destination, options);
  if (forwarded) return new ToProxy(open(proxy, options), proxy);
  const { read, connected, ...rest } = options;
  return new ThroughProxy(destination, proxy, {
    ...rest,
    // node:tls reads into no buffer of ours where it does not make the connection itself.
    connected(socket) {
      socket.on('data', (chunk: Buffer) => read(chunk, chunk.length) || socket.pause());
      connected();
    },
  });
}

function straight(destination: Destination, options: DialOptions): Dialing {
  return {
    socket: open(destination, options),
    failure: (error) => dialFailure(error, destination),
    late: () => new Failure('upstream_timeout', 'no connection came about in time'),
  };
}

function open(
  { host, port, tls }: Pick<Destination, 'host' | 'port' | 'tls'>,
  { read, session, keepSession, connected }: DialOptions,
): Socket {
  const onread: OnReadOpts = {
    buffer: sharedBuffer,
    // The buffer that is handed over is the one above.
    callback: (length) => read(sharedBuffer, length),
  };
  // What a FIN means is decided by whoever reads: in a tunnel it ends one side only.
  const place = { host, port, lookup, onread, allowHalfOpen: true };
  if (tls === undefined) return connectTcp({ ...place, noDelay: true }).on('connect', connected);
  const socket: TLSSocket = connectTls({ ...place, ...tlsOptions(host, tls, session) });
  return socket.on('secureConnect', connected).on('session', keepSession).setNoDelay(true);
}
