import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import type { Handler } from '../exchange.ts';
import { handshakeLog, type Log, turnedAwayLog } from '../observe/log.ts';
import { type Admin, type AdminOptions, startAdmin } from '../server/admin.ts';
import { type Bound, bind } from '../server/bind.ts';
import { connectionsFor, mostOpenFiles } from '../server/open-files.ts';

/** Where we listen. */
export interface Ports {
  readonly bound: Bound;
  readonly admin: Admin | undefined;
}

interface PortOptions extends Pick<AdminOptions, 'unready' | 'notes'> {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
}

/** Both ports or none. */
export async function openPorts(handler: Handler, { config, clock, log, unready, notes }: PortOptions): Promise<Ports> {
  const { listen, limits } = config;
  const bound = await bind(handler, {
    ...{ ...listen, limits, clock },
    handshakeFailed: handshakeLog(log),
    mostConnections: connectionsFor(mostOpenFiles()),
    turnedAway: turnedAwayLog(log, clock),
  });
  try {
    return { bound, admin: config.admin === false ? undefined : await startAdmin({ ...config.admin, unready, notes }) };
  } catch (error) {
    for (const listener of bound.listeners) listener.cut();
    await Promise.all(bound.listeners.map((listener) => listener.stop()));
    throw error;
  }
}
