/** Opens connections to identity providers for undici: straight to them, or by way of an egress proxy. */
import type { Socket } from 'node:net';
import { buildConnector } from 'undici';
import type { ClientTls } from '../client-tls.ts';
import { authorityOf, type Egress, type EgressProxy } from '../egress.ts';
import { ThroughProxy } from '../http1/through-proxy.ts';

export interface ConnectorOptions {
  readonly egress: Egress;
  readonly tls: ClientTls;
  /** Milliseconds until a connection is there, TLS included. */
  readonly timeout: number;
  /** Aborted when no connection is wanted any more. */
  readonly closed: AbortSignal;
}

interface Wanted {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly tls: ClientTls | undefined;
}

export function connector(options: ConnectorOptions): buildConnector.connector {
  const { egress, tls, timeout } = options;
  let straight: buildConnector.connector | undefined;
  return (given, callback) => {
    const secure = given.protocol === 'https:';
    const port = given.port === '' ? (secure ? 443 : 80) : Number(given.port);
    const wanted = { host: given.hostname, port, tls: secure ? tls : undefined };
    const proxy = egress.proxyFor(`${given.protocol}//${authorityOf(wanted)}`);
    if (proxy !== undefined) {
      connect(wanted, proxy, options).then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      );
      return;
    }
    straight ??= buildConnector({ secureContext: tls.context(), rejectUnauthorized: true, allowH2: false, timeout });
    straight(given, callback);
  };
}

/** Rejects with the Failure of the way there. */
async function connect(wanted: Wanted, proxy: EgressProxy, { timeout, closed }: ConnectorOptions): Promise<Socket> {
  const connected = Promise.withResolvers<Socket>();
  const hear = (socket: Socket): void => {
    socket.on('error', (error) => connected.reject(way.failure(error)));
  };
  const way = new ThroughProxy(wanted, proxy, {
    session: undefined,
    keepSession: () => {},
    replaced: hear,
    connected: connected.resolve,
  });
  hear(way.socket);
  const over = AbortSignal.any([AbortSignal.timeout(timeout), closed]);
  const giveUp = (): void => {
    way.socket.destroy(way.late());
  };
  over.addEventListener('abort', giveUp, { once: true });
  try {
    return await connected.promise;
  } finally {
    over.removeEventListener('abort', giveUp);
  }
}
