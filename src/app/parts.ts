/** The parts that a config names. A reload takes over those that it leaves as they are, with all that they remember. */
import { alike } from '../alike.ts';
import type { SharedStore } from '../auth/store/shared-store.ts';
import { TokenWaits } from '../auth/token-waits.ts';
import type { Config } from '../config/schema.ts';
import type { Egress } from '../egress.ts';
import { tokenStoreLog } from '../observe/log.ts';
import { InFlight } from '../proxy/in-flight.ts';
import type { Credential, KeptCredential, OpenCredential } from './credential.ts';
import { openEgress } from './egress.ts';
import { type OpenRoute, openRoute } from './route.ts';
import { Shared } from './shared.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Of the requests that may be under way, so many may wait for one and the same: for tokens, or for an upstream beside
 * which there are others. What hangs leaves the rest to them.
 */
export function shareOf(mostInFlight: number): number {
  return Math.ceil(mostInFlight / 2);
}

/** What of a config it takes to serve requests. */
export interface ServedConfig<C extends Credential = Credential>
  extends Pick<Config, 'listen' | 'limits' | 'routes' | 'egress' | 'tokenStore'> {
  readonly credentials: Readonly<Record<string, C['given']>>;
}

export interface PartsContext<C extends Credential = KeptCredential> extends Surroundings {
  readonly openCredential: OpenCredential<C>;
}

export class Parts<C extends Credential = KeptCredential> {
  readonly #context: PartsContext<C>;
  readonly config: ServedConfig<C>;
  readonly #before: Parts<C> | undefined;
  readonly #all = new Set<Shared<C | OpenRoute | SharedStore>>();
  readonly egress: Egress;
  readonly credentials = new Map<string, Shared<C>>();
  readonly routes: Shared<OpenRoute>[] = [];
  readonly tokenWaits: TokenWaits;
  /** Requests that have no answer yet, by the origin of their upstream. */
  readonly unanswered = new Map<string, InFlight>();
  #shared: Shared<SharedStore> | undefined;

  private constructor(config: ServedConfig<C>, context: PartsContext<C>, before: Parts<C> | undefined) {
    this.config = config;
    this.#context = context;
    this.#before = before;
    this.egress = openEgress(config, before?.egress);
    this.tokenWaits = before?.tokenWaits ?? new TokenWaits(shareOf(config.limits.inFlight));
  }

  /** Takes over from `before` what is no other now. Rejects when a secret that decides on a token cannot be read. */
  static async open<C extends Credential>(
    config: ServedConfig<C>,
    context: PartsContext<C>,
    before?: Parts<C>,
  ): Promise<Parts<C>> {
    const parts = new Parts(config, context, before);
    try {
      await parts.#openStore();
      await parts.#openCredentials();
      parts.#openRoutes();
      return parts;
    } catch (error) {
      await parts.letGo();
      throw error;
    }
  }

  /** Where tokens are shared with other machines, if they are. */
  get shared(): SharedStore | undefined {
    return this.#shared?.value;
  }

  has(part: Shared<C | OpenRoute>): boolean {
    return this.#all.has(part);
  }

  async letGo(): Promise<void> {
    // Behind those who use it.
    const users = [...this.#all].filter((part) => part !== this.#shared);
    await Promise.all(users.map((part) => part.letGo()));
    await this.#shared?.letGo();
  }

  #use<T extends C | OpenRoute | SharedStore>(part: Shared<T>): Shared<T> {
    this.#all.add(part.use());
    return part;
  }

  async #openStore(): Promise<void> {
    const { tokenStore } = this.config;
    if (tokenStore === 'memory') return;
    const before = this.#before;
    const known = before === undefined ? undefined : before.#shared;
    if (known !== undefined && alike(tokenStore, before?.config.tokenStore)) {
      this.#shared = this.#use(known);
      return;
    }
    // Its client is loaded where it is asked for.
    const { SharedStore } = await import('../auth/store/shared-store.ts');
    this.#shared = this.#use(new Shared(await SharedStore.open(tokenStore.redis, this.#context)));
    this.#shared.value.listen(tokenStoreLog(this.#context.log));
  }

  async #openCredentials(): Promise<void> {
    const { egress, shared } = this;
    const before = this.#before;
    const isSameWay = egress === before?.egress && shared === before.shared;
    const opening = Object.entries(this.config.credentials).map(async ([name, given]) => {
      const known = isSameWay ? before.credentials.get(name) : undefined;
      if (known !== undefined && alike(given, known.value.given)) return [name, this.#use(known)] as const;
      const opened = await this.#context.openCredential(name, given, { shared, egress });
      return [name, this.#use(new Shared(opened))] as const;
    });
    // All of them, so that none is opened behind a failure and forgotten.
    for (const opened of await Promise.allSettled(opening)) {
      if (opened.status === 'rejected') throw opened.reason;
      this.credentials.set(...opened.value);
    }
  }

  #openRoutes(): void {
    const { egress, tokenWaits } = this;
    const { clock, log } = this.#context;
    const scheme = this.config.listen.tls === undefined ? 'http' : 'https';
    const context = { clock, log, scheme, egress, tokenWaits } as const;
    for (const given of this.config.routes) {
      const used = this.credentials.get(given.credential ?? '')?.value;
      const known = this.#before?.routes.find(({ value }) => value.isSame(given, used, context));
      const { origin } = given.upstream;
      const unanswered = this.unanswered.get(origin) ?? this.#before?.unanswered.get(origin) ?? new InFlight();
      this.unanswered.set(origin, unanswered);
      const open = () => new Shared(openRoute(given, used, { ...context, unanswered }));
      this.routes.push(this.#use(known ?? open()));
    }
  }
}
