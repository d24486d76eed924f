import { type Injection, injection } from '../auth/injection.ts';
import { type KeeperContext, keeper } from '../auth/keeper.ts';
import type { KeptSource, TokenSource } from '../auth/token.ts';
import type { CredentialConfig } from '../config/schema.ts';
import { Failure } from '../errors.ts';
import { tokenLog } from '../observe/log.ts';
import type { TokenTraffic } from '../observe/token-traffic.ts';
import type { StopSignal } from '../stop.ts';
import { CredentialHistory, type CredentialStatus } from './credential-status.ts';
import type { Surroundings } from './surroundings.ts';

/** What of a credential's config it takes to serve requests. */
export interface ServedCredential extends Pick<CredentialConfig, 'inject'>, Partial<Pick<CredentialConfig, 'type'>> {}

/** A token at hand, and its place on a request. */
export interface Credential {
  readonly given: ServedCredential;
  readonly source: TokenSource;
  readonly injection: Injection;
  /** Asks for its first token, and keeps one at hand from now on; the first time. */
  start(): void;
  /** Resolves when its first attempt to get a token has ended, with the Failure if there was one; or when none will be made any more. */
  readonly tried: Promise<Failure | undefined>;
  /** Gets a token only where a request needs one, from now on. */
  rest(): void;
  /** One that may be sent; to ask does not count as a use. */
  hasToken(): boolean;
  /** Why the proxy is not ready for its sake; none or one. */
  unready(): string[];
  close(): Promise<void>;
}

/** One whose tokens this process gets. */
export interface KeptCredential extends Credential {
  readonly given: CredentialConfig;
  readonly source: KeptSource;
  status(): CredentialStatus;
  /** Gets a new token, also while backing off, and tells how the credential is then. Rejects with the Failure. */
  refresh(signal: StopSignal): Promise<CredentialStatus>;
}

/** Opens one in the way of a process; `ways` are those of its config. Rejects when a secret that decides on its token cannot be read. */
export type OpenCredential<C extends Credential> = (
  name: string,
  given: C['given'],
  ways: Pick<KeeperContext, 'shared' | 'egress'>,
) => Promise<C>;

export interface CredentialContext extends Surroundings, Pick<KeeperContext, 'store' | 'shared' | 'egress'> {
  readonly tokens: TokenTraffic;
}

/** Keeps a token at hand in the way of its kind. */
export async function openCredential(
  name: string,
  given: CredentialConfig,
  { log, tokens, watcher, ...context }: CredentialContext,
): Promise<KeptCredential> {
  const { warn, outcome: tell } = tokenLog(log, name);
  const tried = Promise.withResolvers<Failure | undefined>();
  let started = false;
  let closed = false;
  const { source, start, rest, close } = await keeper(name, given, {
    ...context,
    warn,
    asked: (outcome, ms) => closed || tokens.add(name, outcome instanceof Failure ? outcome.code : 'ok', ms),
  });
  const history = new CredentialHistory(context.clock);
  source.listen((outcome, retryAfterMs = 0) => {
    tried.resolve(outcome instanceof Failure ? outcome : undefined);
    // What we break off ourselves at the end is no news.
    if (closed) return;
    tell(outcome, retryAfterMs);
    history.note(outcome, retryAfterMs);
    tokens.changed();
    watcher?.token(name, outcome, retryAfterMs);
  });
  source.listenToRequests(() => tokens.changed());
  const status = (): CredentialStatus => history.status(source, given);
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
    hasToken: () => source.usable() !== undefined,
    status,
    async refresh(signal) {
      await source.replace(signal);
      return status();
    },
    unready() {
      const { failure } = source;
      if (!given.required || source.usable() !== undefined) return [];
      if (failure !== undefined) return [`credential ${name}: ${failure.code}: ${failure.detail}`];
      return source.latest ? [] : [`credential ${name}: its first token is on its way`];
    },
    async close() {
      closed = true;
      tried.resolve(undefined);
      await close();
    },
  };
}
