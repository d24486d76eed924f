import type { ListenPlace } from '../http1/server.ts';
import { closeOwn, identityOf, makeRoom, withMode } from './socket-file.ts';

export interface BindOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Instead of host and port. `mode` is the file's. */
  readonly socket?: { readonly path: string; readonly mode: number } | undefined;
  /** For its address: whether it speaks TLS. */
  readonly tls?: object | undefined;
}

/** What takes connections, and can be ended. */
export interface BoundListener {
  /** From now on answers end their connections. Still takes new ones. */
  drain(): void;
  /** Takes no more connections; resolves when the last one has ended. */
  stop(): Promise<void>;
  /** Ends all connections at once. */
  cut(): void;
}

/** What will take connections. `listen` resolves with its port, which a unix socket has none of. */
export interface FreeListener extends BoundListener {
  listen(): Promise<number | undefined>;
}

export type MakeListener = (at: ListenPlace) => FreeListener;

/** Listeners for one address of the config, all on one port. */
export interface Bound {
  readonly listeners: readonly BoundListener[];
  /** As URLs, `http://127.0.0.1:8080`, `https://[::1]:8443`; or `unix:` and a path. */
  readonly addresses: readonly string[];
  /** A unix socket has none. */
  readonly port: number | undefined;
}

/** Listens. Rejects with the system's error. */
export function bind(make: MakeListener, options: BindOptions): Promise<Bound> {
  const { socket } = options;
  return socket === undefined ? bindPort(make, options) : bindSocket(make, socket);
}

/**
 * Loopback means both its addresses: `localhost` is `::1` to many clients, and somebody else on that port would get
 * what was meant for us.
 */
async function bindPort(make: MakeListener, options: BindOptions): Promise<Bound> {
  const isLoopback = options.host === '127.0.0.1' || options.host === 'localhost';
  const host = isLoopback ? '127.0.0.1' : options.host;
  const first = make({ host, port: options.port });
  const port = await first.listen();
  const urlOf = (name: string) => `${options.tls === undefined ? 'http' : 'https'}://${name}:${port}`;
  const alone = { listeners: [first], addresses: [urlOf(host.includes(':') ? `[${host}]` : host)], port };
  if (!isLoopback || port === undefined) return alone;
  const second = make({ host: '::1', port });
  try {
    await second.listen();
    return { listeners: [first, second], addresses: [...alone.addresses, urlOf('[::1]')], port };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // This machine has no IPv6; or the port was any free one, and this one is not free there.
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || options.port === 0) return alone;
    first.cut();
    await first.stop();
    throw error;
  }
}

/** The file has its mode from the first moment on, and is gone when we are. */
async function bindSocket(make: MakeListener, { path, mode }: NonNullable<BindOptions['socket']>): Promise<Bound> {
  await makeRoom(path);
  const listener = make({ path });
  await withMode(mode, () => listener.listen());
  const own = identityOf(path);
  const bound: BoundListener = {
    drain: () => listener.drain(),
    stop: () => closeOwn(path, own, () => listener.stop()),
    cut: () => listener.cut(),
  };
  return { listeners: [bound], addresses: [`unix:${path}`], port: undefined };
}
