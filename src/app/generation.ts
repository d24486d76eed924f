import type { TokenStore } from '../auth/store/memory.ts';
import type { SharedStore } from '../auth/store/shared-store.ts';
import type { Config } from '../config/schema.ts';
import type { Handler } from '../exchange.ts';
import { tokenStoreLog } from '../observe/log.ts';
import type { TokenTraffic } from '../observe/token-traffic.ts';
import type { ReplayMemory } from '../proxy/body.ts';
import { guard, ownHosts } from '../proxy/guard.ts';
import { handle } from '../proxy/handle.ts';
import type { InFlight } from '../proxy/in-flight.ts';
import { Pages } from '../proxy/pages.ts';
import type { RequestObserver } from '../proxy/record.ts';
import { RouteTable } from '../proxy/route-table.ts';
import { watchSecret } from '../secret.ts';
import { type Credential, openCredential } from './credential.ts';
import { openEgress } from './egress.ts';
import { openRoute } from './route.ts';
import { tellExposed } from './secret-files.ts';
import type { Surroundings } from './surroundings.ts';

/** What outlives a config. */
export interface Lasting extends Surroundings {
  readonly store: TokenStore;
  readonly replayMemory: ReplayMemory;
  /** The id of this process in `Bearerway-Hop`. */
  readonly hopId: string;
  readonly inFlight: InFlight;
  readonly observe: RequestObserver;
  readonly tokens: TokenTraffic;
}

/** What one config makes: credentials, routes, and the handler over them. */
export interface Generation {
  readonly config: Config;
  readonly handler: Handler;
  readonly credentials: ReadonlyMap<string, Credential>;
  /** Why requests should not be sent here; empty: they should. */
  unready(): string[];
  /** What is wrong, though requests may be sent here. */
  notes(): readonly string[];
  /** Asks for tokens, and keeps them at hand from now on. */
  start(): void;
  /** Breaks off whatever is under way. */
  close(): Promise<void>;
}

/** Rejects when the file of the client token or of a key cannot be read. */
export async function openGeneration(config: Config, lasting: Lasting): Promise<Generation> {
  const { clock, log } = lasting;
  const { listen, limits, tokenStore } = config;
  await tellExposed(config.secretFiles, log);
  const shared = tokenStore === 'memory' ? undefined : await sharedStore(tokenStore.redis, lasting);
  shared?.listen(tokenStoreLog(log));
  const egress = openEgress(config, log);
  const opened = Object.entries(config.credentials).map(
    async ([name, given]) => [name, await openCredential(name, given, { ...lasting, shared, egress })] as const,
  );
  const credentials = new Map(await Promise.all(opened));
  const scheme = listen.tls === undefined ? 'http' : 'https';
  const routes = config.routes.map((given) =>
    openRoute(given, credentials.get(given.credential ?? ''), { clock, scheme, egress }),
  );
  const table = new RouteTable(routes.map(({ entry }) => entry));
  const pages = new Pages(listen.allowedOrigins);
  const clientToken = await watchSecret(listen.clientToken, clock);

  const handler = handle({
    ...lasting,
    guard: guard({
      hosts: ownHosts(listen.host, listen.allowedHosts),
      anyHost: listen.socket !== undefined,
      pages,
      clientToken: clientToken.current,
      hopId: lasting.hopId,
      isUpstream: (authority, path) => table.isUpstream(authority, path),
    }),
    pages,
    routes: table,
    mostInFlight: limits.inFlight,
    newRequestId: lasting.newId,
  });

  return {
    config,
    handler,
    credentials,
    unready: () => [...[...credentials.values()].flatMap((each) => each.unready()), ...(shared?.unready() ?? [])],
    notes: () => shared?.troubles() ?? [],
    start() {
      shared?.start();
      for (const each of credentials.values()) each.start();
    },
    async close() {
      clientToken.stop();
      await Promise.all([...credentials.values(), ...routes].map((each) => each.close()));
      await shared?.close();
    },
  };
}

/** Its client is loaded where it is asked for. */
async function sharedStore(...options: Parameters<typeof SharedStore.open>): Promise<SharedStore> {
  const store = await import('../auth/store/shared-store.ts');
  return await store.SharedStore.open(...options);
}
