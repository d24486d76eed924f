import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { RawConnection } from './client.ts';
import { listening } from './server.ts';

/** An API that is a bare port: what it says, and when, is up to the test, byte for byte. */
export class RawApi {
  readonly url: string;
  readonly connections: RawConnection[] = [];
  #awaited: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(url: string) {
    this.url = url;
  }

  /** The n-th connection, from 1, when it is there. */
  async connection(count = 1): Promise<RawConnection> {
    if (this.connections.length < count) {
      await new Promise<void>((resolve) => this.#awaited.push({ count, resolve }));
    }
    return this.connections[count - 1] as RawConnection;
  }

  accept(connection: RawConnection): void {
    this.connections.push(connection);
    for (const { count, resolve } of this.#awaited) if (this.connections.length >= count) resolve();
  }
}

/** True once the head of a message is there. */
export function hasHead(received: string): boolean {
  return received.includes('\r\n\r\n');
}

/** `behaviour` is called for each connection; it ends quietly when the other side leaves it. */
export async function startRawApi(
  behaviour: (connection: RawConnection) => Promise<void> | void = () => {},
): Promise<RawApi> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const connection = new RawConnection(socket);
    api.accept(connection);
    Promise.resolve(behaviour(connection)).catch(() => {});
  });
  const api = new RawApi(`http://127.0.0.1:${await listening(server)}`);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return api;
}

/** Answers the first request of each connection with these bytes as soon as its head is there. */
export function answering(bytes: string | Buffer): (connection: RawConnection) => Promise<void> {
  return async (connection) => {
    await connection.until(hasHead);
    connection.send(bytes);
  };
}
