import type { Socket } from 'node:net';

/** Ends a connection so that nobody takes what was sent for whole: by a reset where there are such, as over TCP alone. */
export function reset(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    // Node has none for TLS and pipes, and says so by throwing. TLS has an end of its own, which does not come then.
    socket.destroy();
  }
}
