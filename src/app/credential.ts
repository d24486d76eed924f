import { type Injection, injection } from '../auth/injection.ts';
import { type KeeperContext, keeper } from '../auth/keeper.ts';
import type { KeptSource } from '../auth/token.ts';
import type { CredentialConfig } from '../config/schema.ts';
import { tokenLog } from '../observe/log.ts';
import type { Surroundings } from './surroundings.ts';

/** A token kept at hand, and its place on a request. */
export interface Credential {
  readonly given: CredentialConfig;
  readonly source: KeptSource;
  readonly injection: Injection;
  /** Asks for its first token, and keeps one at hand from now on; the first time. */
  start(): void;
  /** Resolves when its first attempt to get a token has ended, however it did, or none will be made any more. */
  readonly tried: Promise<void>;
  /** Gets a token only where a request needs one, from now on. */
  rest(): void;
  /** Why the proxy is not ready for its sake; none or one. */
  unready(): string[];
  close(): Promise<void>;
}

export type CredentialContext = Surroundings & Pick<KeeperContext, 'store' | 'shared' | 'egress'>;

/** Keeps a token at hand in the way of its kind. */
export async function openCredential(
  name: string,
  given: CredentialConfig,
  { log, ...context }: CredentialContext,
): Promise<Credential> {
  const tokens = tokenLog(log, name);
  const { source, start, rest, close } = await keeper(name, given, { ...context, warn: tokens.warn });
  const tried = Promise.withResolvers<void>();
  let started = false;
  let closed = false;
  source.listen((outcome, retryAfterMs) => {
    tried.resolve();
    // What we break off ourselves at the end is no news.
    if (!closed) tokens.outcome(outcome, retryAfterMs);
  });
  return {
    given,
    source,
    injection: injection(given.inject),
    tried: tried.promise,
    start() {
      if (!started) start();
      started = true;
    },
    rest,
    unready() {
      const { failure } = source;
      if (!given.required || source.usable() !== undefined) return [];
      if (failure !== undefined) return [`credential ${name}: ${failure.code}: ${failure.detail}`];
      return source.hadToken ? [] : [`credential ${name}: its first token is on its way`];
    },
    async close() {
      closed = true;
      tried.resolve();
      await close();
    },
  };
}
