import type { Handler } from '../exchange.ts';
import { Listener, type ListenOptions } from './listener.ts';

/** Listeners for one address of the config, all on one port. */
export interface Bound {
  readonly listeners: readonly Listener[];
  /** As they stand in a URL: `127.0.0.1`, `[::1]`. */
  readonly hosts: readonly string[];
  readonly port: number;
}

/**
 * Listens. Loopback means both its addresses: `localhost` is `::1` to many clients, and somebody else on that port
 * would get what was meant for us. Rejects with the system's error.
 */
export async function bind(handler: Handler, options: ListenOptions): Promise<Bound> {
  const isLoopback = options.host === '127.0.0.1' || options.host === 'localhost';
  const first = new Listener(handler, isLoopback ? { ...options, host: '127.0.0.1' } : options);
  const port = await first.listen();
  const host = isLoopback ? '127.0.0.1' : options.host.includes(':') ? `[${options.host}]` : options.host;
  if (!isLoopback) return { listeners: [first], hosts: [host], port };
  const second = new Listener(handler, { ...options, host: '::1', port });
  try {
    await second.listen();
    return { listeners: [first, second], hosts: [host, '[::1]'], port };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // This machine has no IPv6; or the port was any free one, and this one is not free there.
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || options.port === 0)
      return { listeners: [first], hosts: [host], port };
    first.cut();
    await first.stop();
    throw error;
  }
}
