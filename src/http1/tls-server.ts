import type { Server, Socket } from 'node:net';
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

export interface TlsServerOptions {
  /** Takes a connection whose handshake is done, and whose client is verified where that is asked for. */
  readonly taken: (socket: TLSSocket) => void;
  /** Hears of one whose handshake came to nothing: plain HTTP, an unknown certificate, silence. */
  readonly failed: (error: Error, socket: Socket) => void;
}

/** A server behind TLS; and the connections it has, those in the middle of their handshake too. */
export interface TlsServer {
  readonly server: Server;
  readonly sockets: ReadonlySet<Socket>;
}

export function createTlsServer(identity: ServerIdentity, { taken, failed }: TlsServerOptions): TlsServer {
  const { cert, key, clientCa, handshakeTimeout = limitsMs.handshake } = identity;
  const verified = clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  const sockets = new Set<Socket>();
  const own = { cert, key, ...verified, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] } as const;
  // Both reach the sockets by way of node:net; the types know them there only.
  const underneath: object = { allowHalfOpen: true, noDelay: true };
  const server = createServer({ ...underneath, ...own, handshakeTimeout }, taken)
    .on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    })
    .on('tlsClientError', (error, socket) => {
      // A certificate that was not accepted is told of there alone.
      failed(socket.authorizationError ? new Error(`${socket.authorizationError}`) : error, socket);
      // One that is late is not closed by node:tls.
      socket.destroy();
    });
  return { server, sockets };
}
