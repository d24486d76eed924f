import type { ListenPlace } from '../http1/listening.ts';
import type { Listener, ListenTerms } from '../http1/server.ts';
import { changeMode, closeOwn, identityOf, makeRoom, withMode } from './socket-file.ts';

export interface BindPlace {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Instead of host and port. `mode` is the file's. */
  readonly socket?: { readonly path: string; readonly mode: number } | undefined;
}

export type BindOptions = BindPlace & Pick<ListenTerms, 'tls'>;
/** What can be changed without letting a place go. */
export type BindTerms = Pick<BindPlace, 'socket'> & ListenTerms;

/** What takes connections, and can be ended. */
export type BoundListener = Pick<Listener, 'drain' | 'takeWaiting' | 'stop' | 'cut'>;

/** What will take connections. */
export type FreeListener = BoundListener & Pick<Listener, 'listen' | 'become'>;

export type MakeListener = (at: ListenPlace) => FreeListener;

/** Listeners for one address of the config, all on one port. */
export interface Bound {
  readonly listeners: readonly BoundListener[];
  /** As URLs, `http://127.0.0.1:8080`, `https://[::1]:8443`; or `unix:` and a path. */
  readonly addresses: readonly string[];
  /** A unix socket has none. */
  readonly port: number | undefined;
  /** From now on. Throws for an identity that is none; all stays as it was then. */
  become(terms: BindTerms): void;
}

/** Whether whoever listens on the one listens on the other; the mode of a socket is not its place. */
export function isSamePlace(a: BindPlace, b: BindPlace): boolean {
  if (a.socket !== undefined || b.socket !== undefined) return a.socket?.path === b.socket?.path;
  return a.port === b.port && hostOf(a) === hostOf(b);
}

/** `localhost` is both addresses of loopback, and so is the first of them. */
function hostOf({ host }: BindPlace): string {
  return host === 'localhost' ? '127.0.0.1' : host;
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
  const host = hostOf(options);
  const first = make({ host, port: options.port });
  const port = await first.listen();
  const alone = new BoundPort([first], [host], { port, tls: options.tls });
  if (host !== '127.0.0.1' || port === undefined) return alone;
  const second = make({ host: '::1', port });
  try {
    await second.listen();
    return new BoundPort([first, second], [host, '::1'], { port, tls: options.tls });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // This machine has no IPv6; or the port was any free one, and this one is not free there.
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || options.port === 0) return alone;
    first.cut();
    await first.stop();
    throw error;
  }
}

class BoundPort implements Bound {
  readonly listeners: readonly FreeListener[];
  readonly port: number | undefined;
  readonly #hosts: readonly string[];
  #isSecure: boolean;

  constructor(
    listeners: readonly FreeListener[],
    hosts: readonly string[],
    { port, tls }: Pick<Bound, 'port'> & Pick<ListenTerms, 'tls'>,
  ) {
    this.listeners = listeners;
    this.#hosts = hosts;
    this.port = port;
    this.#isSecure = tls !== undefined;
  }

  get addresses(): string[] {
    const scheme = this.#isSecure ? 'https' : 'http';
    return this.#hosts.map((host) => `${scheme}://${host.includes(':') ? `[${host}]` : host}:${this.port}`);
  }

  become(terms: BindTerms): void {
    for (const listener of this.listeners) listener.become(terms);
    this.#isSecure = terms.tls !== undefined;
  }
}

/** The file has its mode from the first moment on, and is gone when we are. */
async function bindSocket(make: MakeListener, { path, mode }: NonNullable<BindPlace['socket']>): Promise<Bound> {
  await makeRoom(path);
  const listener = make({ path });
  await withMode(mode, () => listener.listen());
  const own = identityOf(path);
  const bound: BoundListener = {
    drain: () => listener.drain(),
    takeWaiting: () => listener.takeWaiting(),
    stop: () => closeOwn(path, own, () => listener.stop()),
    cut: () => listener.cut(),
  };
  return {
    listeners: [bound],
    addresses: [`unix:${path}`],
    port: undefined,
    become({ socket, ...terms }) {
      listener.become(terms);
      if (socket !== undefined) changeMode(path, own, socket.mode);
    },
  };
}
