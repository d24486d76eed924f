import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import type { Handler } from '../exchange.ts';
import { Listener, type ListenOptions } from '../http1/server.ts';
import { handshakeLog, type Log, turnedAwayLog } from '../observe/log.ts';
import { type Admin, type AdminOptions, startAdmin } from '../server/admin.ts';
import { type Bound, bind, type MakeListener } from '../server/bind.ts';
import { connectionsFor, mostOpenFiles } from '../server/open-files.ts';

/** Where we listen. */
export interface Ports {
  readonly bound: Bound;
  readonly admin: Admin | undefined;
}

export interface PortOptions extends Pick<AdminOptions, 'unready' | 'notes'> {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
}

export type OpenPorts = (handler: Handler, options: PortOptions) => Promise<Ports>;

/** Both ports or none. */
export function openPorts(handler: Handler, options: PortOptions): Promise<Ports> {
  const listening = listenerOptions(options);
  return openBoth((at) => new Listener(handler, { ...listening, at }), options);
}

/** Of whoever serves connections, wherever they come in. */
export function listenerOptions({ config, clock, log }: PortOptions): Omit<ListenOptions, 'at'> {
  return {
    ...{ tls: config.listen.tls, limits: config.limits, clock },
    handshakeFailed: handshakeLog(log),
    mostConnections: connectionsFor(mostOpenFiles()),
    turnedAway: turnedAwayLog(log, clock),
  };
}

/** The same with listeners of another kind. */
export async function openBoth(make: MakeListener, { config, unready, notes }: PortOptions): Promise<Ports> {
  const bound = await bind(make, config.listen);
  try {
    return { bound, admin: config.admin === false ? undefined : await startAdmin({ ...config.admin, unready, notes }) };
  } catch (error) {
    for (const listener of bound.listeners) listener.cut();
    await Promise.all(bound.listeners.map((listener) => listener.stop()));
    throw error;
  }
}
