/** The admin port: for whoever runs the proxy, apart from the data path. */
import type { Clock } from '../clock.ts';
import type { Handler } from '../exchange.ts';
import type { ListenPlace } from '../http1/listening.ts';
import { Places } from '../http1/places.ts';
import { Listener } from '../http1/server.ts';
import { bind } from './bind.ts';
import { adminConnectionsFor, mostOpenFiles } from './open-files.ts';

export interface AdminOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly clock: Clock;
  /** Hears of each connection that was one too many. */
  readonly turnedAway: () => void;
}

export interface Admin {
  readonly port: number;
  /** Ends its connections, whatever is under way on them. */
  close(): Promise<void>;
}

/** Its own, so that nothing that the config says of the other port bears on it. */
const limits = { headerSize: 16_384, headerCount: 100, targetSize: 8192, headersTimeout: 5000 };

/** Resolves once it listens; rejects with the system's error. */
export async function startAdmin(handler: Handler, { host, port, clock, turnedAway }: AdminOptions): Promise<Admin> {
  const places = new Places(adminConnectionsFor(mostOpenFiles()), { idleGiveWay: true });
  const make = (at: ListenPlace): Listener => new Listener(handler, { at, limits, clock, places, turnedAway });
  const { listeners, port: bound = 0 } = await bind(make, { host, port });
  return {
    port: bound,
    async close() {
      for (const listener of listeners) listener.cut();
      await Promise.all(listeners.map((listener) => listener.stop()));
    },
  };
}
