/** How whoever takes connections gets its place, and leaves it. */
import type { Server } from 'node:net';

/** An address or a name, and a port (0: a free one); or the file of a unix socket. */
export type ListenPlace = { readonly host: string; readonly port: number } | { readonly path: string };

/**
 * So many may wait to be taken up, if the system allows it (Linux: net.core.somaxconn). One more is not heard, and knocks
 * again after a second: clients that all come at once, as they do behind a restart, would have waited for that.
 */
const MOST_WAITING = 4096;

/** Resolves with the port, which a unix socket has none of; rejects with the system's error. Takes its place at once. */
export function listenAt(server: Server, at: ListenPlace): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...at, exclusive: true, backlog: MOST_WAITING }, () => {
      server.off('error', reject);
      // When no more sockets can be had, those that wait are taken up as others close.
      server.on('error', () => {});
      const address = server.address();
      resolve(typeof address === 'string' ? undefined : address?.port);
    });
  });
}

/**
 * Lets those be taken up that wait to be: their clients have connected, have perhaps sent a request, and would be reset
 * if the server were closed. Resolves when there are none, or too many come. `taken` tells how many were so far.
 */
export async function waitingTaken(taken: () => number): Promise<void> {
  // The system hands them over one by one, in as many turns. The first turn may have been begun before.
  for (let [turns, quiet] = [0, 0]; quiet < 2 && turns < 2 * MOST_WAITING; turns += 1) {
    const before = taken();
    await new Promise<void>((resolve) => void setImmediate(resolve));
    quiet = taken() === before ? quiet + 1 : 0;
  }
}
