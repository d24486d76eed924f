import type { Injection } from '../auth/injection.ts';
import type { TokenStore } from '../auth/store/memory.ts';
import type { SharedStore } from '../auth/store/shared-store.ts';
import type { TokenSource } from '../auth/token.ts';
import type { Config } from '../config/schema.ts';
import type { Egress } from '../egress.ts';
import { tokenStoreLog } from '../observe/log.ts';
import { type Credential, openCredential } from './credential.ts';
import type { Surroundings } from './surroundings.ts';

/** What a route needs of its credential. */
export interface UsedCredential {
  readonly source: TokenSource;
  readonly injection: Injection;
}

/** Those of one config. */
export interface Credentials {
  get(name: string): UsedCredential | undefined;
  /** Why requests should not be sent here for their sake; empty: they should. */
  unready(): string[];
  /** What is wrong, though requests may be sent here. */
  notes(): readonly string[];
  /** Asks for tokens, and keeps them at hand from now on. */
  start(): void;
  /** Breaks off whatever is under way. */
  close(): Promise<void>;
}

export interface CredentialsContext extends Surroundings {
  readonly egress: Egress;
}

export type OpenCredentials = (config: Config, context: CredentialsContext) => Promise<Credentials>;

/** Kept by this process itself. */
export async function openCredentials(
  config: Config,
  context: CredentialsContext & { readonly store: TokenStore },
): Promise<KeptCredentials> {
  const { tokenStore } = config;
  const shared = tokenStore === 'memory' ? undefined : await sharedStore(tokenStore.redis, context);
  shared?.listen(tokenStoreLog(context.log));
  const opened = Object.entries(config.credentials).map(
    async ([name, given]) => [name, await openCredential(name, given, { ...context, shared })] as const,
  );
  const byName = new Map(await Promise.all(opened));
  const all = [...byName.values()];
  return {
    all,
    get: (name) => byName.get(name),
    unready: () => [...all.flatMap((each) => each.unready()), ...(shared?.unready() ?? [])],
    notes: () => shared?.troubles() ?? [],
    start() {
      shared?.start();
      for (const each of all) each.start();
    },
    async close() {
      await Promise.all(all.map((each) => each.close()));
      await shared?.close();
    },
  };
}

export interface KeptCredentials extends Credentials {
  readonly all: readonly Credential[];
  get(name: string): Credential | undefined;
}

/** Its client is loaded where it is asked for. */
async function sharedStore(...options: Parameters<typeof SharedStore.open>): Promise<SharedStore> {
  const store = await import('../auth/store/shared-store.ts');
  return await store.SharedStore.open(...options);
}
