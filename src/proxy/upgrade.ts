import { Failure } from '../errors.ts';
import type { Upgrade } from '../exchange.ts';

export interface UpgradeOptions {
  /** The route takes upgrades. */
  readonly taken: boolean;
  /** Counts the bytes. */
  readonly record: { bytesIn: number };
  /** The client has ended its side of the tunnel, and the API has been told. */
  readonly clientEnded: () => void;
}

/** A client's wish for another protocol as it goes on to the API. Throws `path_denied` where the route takes none. */
export function passedUpgrade({ protocols, bytes }: Upgrade, { taken, record, clientEnded }: UpgradeOptions): Upgrade {
  if (!taken) {
    throw new Failure(
      'path_denied',
      'this route takes no WebSocket and no other upgrade (its `websocket` is false in the configuration)',
    );
  }
  return {
    protocols,
    bytes: {
      length: bytes.length,
      read: (sink) =>
        bytes.read({
          data(chunk) {
            record.bytesIn += chunk.length;
            sink.data(chunk);
          },
          end(trailers) {
            sink.end(trailers);
            clientEnded();
          },
          fail: (failure) => sink.fail(failure),
        }),
      pause: () => bytes.pause(),
      resume: () => bytes.resume(),
    },
  };
}
