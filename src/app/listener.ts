import type { Clock } from '../clock.ts';
import type { Handler } from '../exchange.ts';
import { Places } from '../http1/places.ts';
import { Listener, type ListenOptions } from '../http1/server.ts';
import { handshakeLog, type Log, turnedAwayLog } from '../observe/log.ts';
import { connectionsFor, mostOpenFiles } from '../server/open-files.ts';

/** Makes listeners of this process, which serve what they take, and share the room that there is. */
export function listeners(
  handler: Handler,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): (options: Pick<ListenOptions, 'at' | 'tls' | 'limits'>) => Listener {
  const places = new Places(connectionsFor(mostOpenFiles()));
  const turnedAway = turnedAwayLog(log, clock);
  return (options) =>
    new Listener(handler, {
      ...options,
      clock,
      handshakeFailed: handshakeLog(log),
      places,
      turnedAway,
    });
}
