/** The composition root: a Config becomes one running proxy. The only file that knows every part. */
import { authorizedSend } from './auth/authorized-send.ts';
import { type Injection, injection } from './auth/injection.ts';
import { type KeeperContext, keeper } from './auth/keeper.ts';
import { memoryStore } from './auth/store/memory.ts';
import type { SharedStore } from './auth/store/shared-store.ts';
import type { KeptSource } from './auth/token.ts';
import { configuredOrigin } from './authority.ts';
import type { Clock } from './clock.ts';
import { basePathOf } from './config/route.ts';
import type { Config, CredentialConfig, RouteConfig } from './config/schema.ts';
import { Egress, isOurselves, originOf, type ProxyAddress } from './egress.ts';
import type { Handler } from './exchange.ts';
import { handshakeLog, type Log, tokenLog, tokenStoreLog } from './observe/log.ts';
import { requestLog } from './observe/request-log.ts';
import { ReplayMemory } from './proxy/body.ts';
import { guard, ownHosts } from './proxy/guard.ts';
import { handle } from './proxy/handle.ts';
import { fieldPolicy } from './proxy/headers.ts';
import { pathPattern } from './proxy/path-pattern.ts';
import { type Route, RouteTable } from './proxy/route-table.ts';
import { upstream } from './proxy/upstream.ts';
import { watchSecret } from './secret.ts';
import { type Admin, type AdminOptions, startAdmin } from './server/admin.ts';
import { type Bound, bind } from './server/bind.ts';
import { drain } from './server/drain.ts';

/** What comes from outside, read once in `main`. */
export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly newId: () => string;
  /** What programs that are run get to see, beside what the config says. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface App {
  readonly bound: Bound;
  readonly admin: Admin | undefined;
  /** Ends without losing a request: not ready at once, then as the config's `shutdown` says. */
  stop(): Promise<void>;
}

/** Rejects with the system's error when a port cannot be had, or when the file of the client token or of a key cannot be read. */
export async function startApp(config: Config, surroundings: Surroundings): Promise<App> {
  const { clock, log, newId } = surroundings;
  const { listen, limits, tokenStore } = config;
  const shared = tokenStore === 'memory' ? undefined : await sharedStore(tokenStore.redis, surroundings);
  shared?.listen(tokenStoreLog(log));
  const store = memoryStore();
  const egress = openEgress(config, log);
  const opened = Object.entries(config.credentials).map(
    async ([name, given]) => [name, await credential(name, given, { ...surroundings, store, shared, egress })] as const,
  );
  const credentials = new Map(await Promise.all(opened));
  const replayMemory = new ReplayMemory(limits.replayMemory);
  const scheme = listen.tls === undefined ? 'http' : 'https';
  const routes = config.routes.map((given) =>
    route(given, credentials.get(given.credential ?? ''), { ...surroundings, scheme, egress }),
  );
  const clientToken = await watchSecret(listen.clientToken, clock);
  const hopId = newId();
  const table = new RouteTable(routes.map(({ entry }) => entry));

  const handler = handle({
    guard: guard({
      hosts: ownHosts(listen.host, listen.allowedHosts),
      anyHost: listen.socket !== undefined,
      allowedOrigins: listen.allowedOrigins,
      clientToken: clientToken.current,
      hopId,
      isUpstream: (authority, path) => table.isUpstream(authority, path),
    }),
    routes: table,
    replayMemory,
    mostInFlight: limits.inFlight,
    hopId,
    clock,
    newRequestId: newId,
    observe: requestLog(log, clock),
  });

  let stopping = false;
  const unready = (): string[] => [
    ...(stopping ? ['it is shutting down'] : []),
    ...[...credentials.values()].flatMap((each) => each.unready()),
    ...(shared?.unready() ?? []),
  ];
  const release = async (): Promise<void> => {
    clientToken.stop();
    await Promise.all([...credentials.values(), ...routes].map((each) => each.close()));
    await shared?.close();
  };
  const { bound, admin } = await openPorts(handler, {
    config,
    clock,
    log,
    unready,
    notes: () => shared?.troubles() ?? [],
  }).catch(async (error) => {
    await release();
    throw error;
  });
  shared?.start();
  for (const each of credentials.values()) each.start();
  return {
    bound,
    admin,
    async stop() {
      stopping = true;
      await drain(bound.listeners, { ...config.shutdown, clock });
      await release();
      await admin?.close();
    },
  };
}

/** The way out, told of in the log. A proxy that is ourselves is none: the environment may be meant for our clients. */
function openEgress({ egress, listen }: Pick<Config, 'egress' | 'listen'>, log: Log): Egress {
  const others = (proxy: ProxyAddress | undefined): ProxyAddress | undefined =>
    proxy !== undefined && isOurselves(proxy, listen) ? undefined : proxy;
  const [http, https] = [others(egress.http), others(egress.https)];
  const named = { http: http && originOf(http), https: https && originOf(https) };
  if (http !== egress.http || https !== egress.https)
    log.warn('the egress proxy (egress.proxy, HTTPS_PROXY or HTTP_PROXY) is this proxy itself; it is ignored');
  if (http !== undefined || https !== undefined)
    log.info(named, 'APIs and token endpoints are reached by way of an egress proxy');
  return new Egress({ ...egress, http, https });
}

interface PortOptions extends Pick<AdminOptions, 'unready' | 'notes'> {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
}

/** Both ports or none. */
async function openPorts(
  handler: Handler,
  { config, clock, log, unready, notes }: PortOptions,
): Promise<Pick<App, 'bound' | 'admin'>> {
  const { listen, limits } = config;
  const bound = await bind(handler, { ...listen, limits, clock, handshakeFailed: handshakeLog(log) });
  try {
    return { bound, admin: config.admin === false ? undefined : await startAdmin({ ...config.admin, unready, notes }) };
  } catch (error) {
    for (const listener of bound.listeners) listener.cut();
    await Promise.all(bound.listeners.map((listener) => listener.stop()));
    throw error;
  }
}

interface Credential {
  readonly source: KeptSource;
  readonly injection: Injection;
  /** Asks for its first token, and keeps one at hand from now on. */
  start(): void;
  /** Why the proxy is not ready for its sake; none or one. */
  unready(): string[];
  close(): Promise<void>;
}

/** For each credential: a token kept at hand, in the way of its kind, and its place on a request. */
async function credential(
  name: string,
  given: CredentialConfig,
  { log, ...context }: Surroundings & Pick<KeeperContext, 'store' | 'shared' | 'egress'>,
): Promise<Credential> {
  const tokens = tokenLog(log, name);
  const { source, start, close } = await keeper(name, given, { ...context, warn: tokens.warn });
  let closed = false;
  // What we break off ourselves at the end is no news.
  source.listen((outcome, retryAfterMs) => closed || tokens.outcome(outcome, retryAfterMs));
  return {
    source,
    injection: injection(given.inject),
    start,
    unready() {
      const { failure } = source;
      if (!given.required || source.usable() !== undefined) return [];
      if (failure !== undefined) return [`credential ${name}: ${failure.code}: ${failure.detail}`];
      return source.hadToken ? [] : [`credential ${name}: its first token is on its way`];
    },
    async close() {
      closed = true;
      await close();
    },
  };
}

/** For each route: where it goes, with a token on every request if it has a credential. */
function route(
  given: RouteConfig,
  used: Credential | undefined,
  {
    clock,
    scheme,
    egress,
  }: Pick<Surroundings, 'clock'> & { readonly scheme: 'http' | 'https'; readonly egress: Egress },
): { readonly entry: Route; close(): Promise<void> } {
  const { send, close } = upstream({ ...given, origin: given.upstream.origin, egress }, clock);
  const { retry, headers } = given;
  const authorized =
    used && authorizedSend(send, { tokens: used.source, injection: used.injection, statuses: retry.statuses, clock });
  const ownField = used?.injection.field;
  const dropped = [...headers.remove, ...Object.keys(headers.set), ...(ownField === undefined ? [] : [ownField])];
  const entry: Route = {
    prefix: given.prefix,
    origin: configuredOrigin(given.upstream.origin),
    basePath: basePathOf(given),
    forward: given.forward,
    methods: given.methods,
    paths: given.paths?.map(pathPattern),
    fields: fieldPolicy({
      dropped,
      set: Object.entries(headers.set).flat(),
      forwarded: given.forwardedHeaders ? scheme : undefined,
    }),
    parameter: used?.injection.parameter,
    credential: given.credential,
    keptBody: used === undefined || retry.statuses.length === 0 ? 0 : retry.maxBody,
    idleMs: given.timeouts.idle,
    websocket: given.websocket,
    send: authorized ?? send,
  };
  return { entry, close };
}

/** Its client is loaded where it is asked for. */
async function sharedStore(...options: Parameters<typeof SharedStore.open>): Promise<SharedStore> {
  const store = await import('./auth/store/shared-store.ts');
  return await store.SharedStore.open(...options);
}
