import type { Config } from '../config/schema.ts';
import type { Handler } from '../exchange.ts';
import type { ReplayMemory } from '../proxy/body.ts';
import { guard, ownHosts } from '../proxy/guard.ts';
import { handle } from '../proxy/handle.ts';
import { Pages } from '../proxy/pages.ts';
import type { RequestObserver } from '../proxy/record.ts';
import { RouteTable } from '../proxy/route-table.ts';
import { watchSecret } from '../secret.ts';
import { openEgress } from './egress.ts';
import type { Parts } from './parts.ts';
import { openRoute } from './route.ts';
import type { Surroundings } from './surroundings.ts';

/** What outlives a config. */
export interface Lasting extends Surroundings, Pick<Parts, 'hopId' | 'openCredentials'> {
  readonly replayMemory: ReplayMemory;
  readonly observe: RequestObserver;
}

/** What one config makes: credentials, routes, and the handler over them. */
export interface Generation {
  readonly config: Config;
  readonly handler: Handler;
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
  const { clock } = lasting;
  const { listen, limits } = config;
  const egress = openEgress(config);
  const credentials = await lasting.openCredentials(config, { ...lasting, egress });
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
    unready: () => credentials.unready(),
    notes: () => credentials.notes(),
    start: () => credentials.start(),
    async close() {
      clientToken.stop();
      await Promise.all([credentials, ...routes].map((each) => each.close()));
    },
  };
}
