import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import type { Handler } from '../exchange.ts';
import { handshakeLog, type Log } from '../observe/log.ts';
import type { Admin } from '../server/admin.ts';
import { type Bound, bind } from '../server/bind.ts';

/** Where we listen. */
export interface Ports {
  readonly bound: Bound;
  readonly admin: Admin | undefined;
}

interface PortOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly openAdmin: (bound: Bound) => Promise<Admin | undefined>;
}

/** Both ports or none. */
export async function openPorts(handler: Handler, { config, clock, log, openAdmin }: PortOptions): Promise<Ports> {
  const { listen, limits } = config;
  const bound = await bind(handler, { ...listen, limits, clock, handshakeFailed: handshakeLog(log) });
  try {
    return { bound, admin: await openAdmin(bound) };
  } catch (error) {
    for (const listener of bound.listeners) listener.cut();
    await Promise.all(bound.listeners.map((listener) => listener.stop()));
    throw error;
  }
}
