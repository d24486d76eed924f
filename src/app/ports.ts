import { alike } from '../alike.ts';
import type { Config } from '../config/schema.ts';
import type { ListenOptions } from '../http1/server.ts';
import type { Admin } from '../server/admin.ts';
import { type Bound, type BoundListener, bind, type FreeListener, isSamePlace } from '../server/bind.ts';
import type { AdminConfig, OpenAdmin } from './admin.ts';
import { moved, type Opened } from './place.ts';

export interface PortsContext {
  readonly make: (options: Pick<ListenOptions, 'at' | 'tls' | 'limits'>) => FreeListener;
  readonly openAdmin: OpenAdmin;
}

type PortsConfig = Pick<Config, 'listen' | 'limits' | 'admin'>;

/** Where we listen. A reload moves what is to listen elsewhere, and lets the rest go on. */
export class Ports {
  readonly #context: PortsContext;
  #config: PortsConfig;
  #bound: Bound;
  #admin: Admin | undefined;
  /** They take no connections any more, but have some. */
  readonly #left = new Set<BoundListener>();

  private constructor(config: PortsConfig, context: PortsContext, bound: Bound) {
    this.#config = config;
    this.#context = context;
    this.#bound = bound;
  }

  /** Both ports or none. Rejects with the system's error. */
  static async open(config: PortsConfig, context: PortsContext): Promise<Ports> {
    const ports = new Ports(config, context, await bound(config, context));
    try {
      ports.#admin = config.admin === false ? undefined : await ports.#openAdmin(config.admin);
    } catch (error) {
      await closed(ports.#bound);
      throw error;
    }
    return ports;
  }

  get bound(): Bound {
    return this.#bound;
  }

  get admin(): Admin | undefined {
    return this.#admin;
  }

  /** All that have connections. */
  get listeners(): readonly BoundListener[] {
    return [...this.#bound.listeners, ...this.#left];
  }

  /** Listens as another config says. Rejects with the system's error, and listens where it did before then. */
  async become(config: PortsConfig): Promise<void> {
    const bound = await this.#movedListener(config);
    let admin: Opened<Admin | undefined> | undefined;
    try {
      admin = await this.#movedAdmin(config.admin);
      bound.value.become({ ...config.listen, limits: config.limits });
    } catch (error) {
      await admin?.undo();
      await bound.undo();
      throw error;
    }
    const before = { bound: this.#bound, admin: this.#admin };
    this.#bound = bound.value;
    this.#admin = admin.value;
    this.#config = config;
    if (before.admin !== this.#admin) await before.admin?.close();
    if (before.bound === this.#bound) return;
    for (const listener of before.bound.listeners) listener.drain();
    await this.#leave(before.bound);
  }

  async #movedListener(config: PortsConfig): Promise<Opened<Bound>> {
    const [before, place] = [this.#config.listen, config.listen];
    if (isSamePlace(before, place)) return { value: this.#bound, undo: async () => {} };
    const { port } = this.#bound;
    const next = place.port === before.port && port !== undefined ? { ...place, port } : place;
    const collides = place.socket === undefined && next.port === port;
    return await moved({
      open: () => bound({ ...config, listen: next }, this.#context),
      close: closed,
      makeRoom: collides ? () => this.#leave(this.#bound) : undefined,
      comeBack: async () => {
        this.#bound = await bound({ ...this.#config, listen: { ...before, port: port ?? 0 } }, this.#context);
      },
    });
  }

  async #movedAdmin(next: Config['admin']): Promise<Opened<Admin | undefined>> {
    const [before, old] = [this.#config.admin, this.#admin];
    if (alike(before, next)) return { value: old, undo: async () => {} };
    if (next === false) return { value: undefined, undo: async () => {} };
    const place =
      before !== false && before.port === next.port && old !== undefined ? { ...next, port: old.port } : next;
    return await moved<Admin>({
      open: () => this.#openAdmin(place),
      close: (opened) => opened.close(),
      makeRoom: old?.port === place.port ? () => old.close() : undefined,
      comeBack: async () => {
        if (before !== false && old !== undefined) this.#admin = await this.#openAdmin({ ...before, port: old.port });
      },
    });
  }

  #openAdmin(config: AdminConfig): Promise<Admin> {
    return this.#context.openAdmin(config, () => this.#bound.addresses);
  }

  /** Takes no more connections there; those that it has go on. Resolves when others can have the place. */
  async #leave({ listeners }: Bound): Promise<void> {
    for (const listener of listeners) this.#left.add(listener);
    await Promise.all(listeners.map((listener) => listener.takeWaiting()));
    for (const listener of listeners) void listener.stop().then(() => this.#left.delete(listener));
  }
}

function bound({ listen, limits }: PortsConfig, { make }: PortsContext): Promise<Bound> {
  return bind((at) => make({ at, tls: listen.tls, limits }), listen);
}

/** At once. */
async function closed({ listeners }: Bound): Promise<void> {
  for (const listener of listeners) listener.cut();
  await Promise.all(listeners.map((listener) => listener.stop()));
}
