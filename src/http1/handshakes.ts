import type { Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { limitsMs } from './deadlines.ts';

/** Who a listener is, and whom it asks to prove who they are. PEM. */
export interface ServerIdentity {
  readonly cert: string;
  readonly key: string;
  /** Clients must show a certificate that one of these vouches for; undefined: they are not asked. */
  readonly clientCa?: string | undefined;
  /** Milliseconds for the whole handshake. */
  readonly handshakeTimeout?: number;
}

export interface HandshakeOptions {
  /** Takes a connection whose handshake is done, and whose client is verified where that is asked for. */
  readonly taken: (socket: TLSSocket) => void;
  /** Hears of one whose handshake came to nothing: plain HTTP, an unknown certificate, silence. */
  readonly failed: (error: Error, socket: Socket) => void;
}

/** The handshakes of one identity; another one has others, on the same port. */
export interface Handshakes {
  begin(socket: Socket): void;
}

/** Throws for an identity that is none. */
export function handshakes(identity: ServerIdentity, { taken, failed }: HandshakeOptions): Handshakes {
  const { cert, key, clientCa, handshakeTimeout = limitsMs.handshake } = identity;
  const verified = clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  const own = { cert, key, ...verified, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] } as const;
  // It listens to nothing: connections are given to it, which is how node:tls takes those of other servers.
  const server = createServer({ ...own, handshakeTimeout }, taken).on('tlsClientError', (error, socket) => {
    // A certificate that was not accepted is told of there alone.
    failed(socket.authorizationError ? new Error(`${socket.authorizationError}`) : error, socket);
    // One that is late is not closed by node:tls.
    socket.destroy();
  });
  return { begin: (socket) => void server.emit('connection', socket) };
}
