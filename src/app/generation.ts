import type { Config } from '../config/schema.ts';
import type { Handler } from '../exchange.ts';
import type { ReplayMemory } from '../proxy/body.ts';
import { guard, ownHosts } from '../proxy/guard.ts';
import { handle } from '../proxy/handle.ts';
import { InFlight } from '../proxy/in-flight.ts';
import { Pages } from '../proxy/pages.ts';
import type { RequestObserver } from '../proxy/record.ts';
import { RouteTable } from '../proxy/route-table.ts';
import { type Secret, watchSecret } from '../secret.ts';
import type { Credential, KeptCredential } from './credential.ts';
import { Parts, type PartsContext, type ServedConfig, shareOf } from './parts.ts';

/** What outlives a config. */
export interface Lasting<C extends Credential = KeptCredential> extends PartsContext<C> {
  readonly replayMemory: ReplayMemory;
  /** Of all generations. */
  readonly inFlight: InFlight;
  /** The id of this process in `Bearerway-Hop`. */
  readonly hopId: string;
  readonly observe: RequestObserver;
  /** Hears why the file of the client token holds none; undefined: it does again. */
  readonly clientTokenTold?: (trouble: string | undefined) => void;
}

/** What one config makes: credentials, routes, and the handler over them. */
export interface Generation<C extends Credential = KeptCredential, S extends ServedConfig<C> = Config> {
  readonly config: S;
  readonly parts: Parts<C>;
  /** By their names. */
  readonly credentials: ReadonlyMap<string, C>;
  readonly handler: Handler;
  /** What clients must send; undefined: nothing. */
  readonly clientToken: () => Secret | undefined;
  /** Why requests should not be sent here; empty: they should. */
  unready(): string[];
  /** What is wrong, though requests may be sent here. */
  notes(): readonly string[];
  /** Resolves when requests can be given to it; rejects when that cannot be. */
  prepare(): Promise<void>;
  /**
   * Gets the first tokens of credentials that are to take the place of some that have one. Resolves when that was tried;
   * rejects when one of them is refused.
   */
  warm(before: Pick<Generation<C>, 'parts'>): Promise<void>;
  /** Asks for tokens, and keeps them at hand from now on. */
  start(): void;
  /** No more requests come. What `next` did not take over does no more than is needed to finish those under way. */
  retire(next: Pick<Generation<C>, 'parts'>): void;
  /** Resolves when no request is under way in it. */
  finished(): Promise<void>;
  /** Breaks off whatever is under way. */
  close(): Promise<void>;
}

/** Takes over what it can. Rejects when the file of the client token or of a key cannot be read. */
export async function openGeneration<C extends Credential, S extends ServedConfig<C>>(
  config: S,
  lasting: Lasting<C>,
  before?: Pick<Generation<C>, 'parts'>,
): Promise<Generation<C, S>> {
  const { listen } = config;
  const clientToken = await watchSecret(listen.clientToken, lasting.clock, lasting.clientTokenTold);
  const parts = await Parts.open(config, lasting, before?.parts).catch((error) => {
    clientToken.stop();
    throw error;
  });
  const { credentials, routes, shared } = parts;
  const table = new RouteTable(routes.map(({ value }) => value.entry));
  const pages = new Pages(listen.allowedOrigins);
  const inFlight = new InFlight(lasting.inFlight);
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
    inFlight,
    mostInFlight: config.limits.inFlight,
    mostUnanswered: parts.unanswered.size > 1 ? shareOf(config.limits.inFlight) : config.limits.inFlight,
    newRequestId: lasting.newId,
  });
  let closed: Promise<void> | undefined;

  return {
    config,
    parts,
    credentials: new Map([...credentials].map(([name, { value }]) => [name, value])),
    handler,
    clientToken: clientToken.current,
    unready: () => [...[...credentials.values()].flatMap(({ value }) => value.unready()), ...(shared?.unready() ?? [])],
    notes: () => shared?.troubles() ?? [],
    async prepare() {},
    async warm({ parts: others }) {
      const replacing = [...credentials].flatMap(([name, { value }]) => {
        const replaced = others.credentials.get(name)?.value;
        const hasToken = replaced !== value && replaced?.hasToken() === true;
        // A refresh token may be good for one use only, and is still the other's.
        return hasToken && value.given.type !== 'refresh_token' ? [{ name, value }] : [];
      });
      if (replacing.length > 0) shared?.start();
      for (const { value } of replacing) value.start();
      for (const { name, value } of replacing) {
        const failure = await value.tried;
        if (failure?.code === 'token_refused')
          throw new Error(`credential ${name}: ${failure.code}: ${failure.detail} (the one before has a token)`);
      }
    },
    start() {
      parts.tokenWaits.most = shareOf(config.limits.inFlight);
      shared?.start();
      for (const { value } of credentials.values()) value.start();
    },
    retire({ parts: others }) {
      clientToken.stop();
      for (const each of credentials.values()) if (!others.has(each)) each.value.rest();
      for (const each of routes) if (!others.has(each)) each.value.retire();
    },
    finished: () => inFlight.none(),
    close() {
      clientToken.stop();
      closed ??= parts.letGo();
      return closed;
    },
  };
}
