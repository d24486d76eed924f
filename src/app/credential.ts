import { type Injection, injection } from '../auth/injection.ts';
import { type KeeperContext, keeper } from '../auth/keeper.ts';
import type { KeptSource } from '../auth/token.ts';
import type { CredentialConfig } from '../config/schema.ts';
import { Failure } from '../errors.ts';
import { tokenLog } from '../observe/log.ts';
import type { TokenTraffic } from '../observe/token-traffic.ts';
import type { StopSignal } from '../stop.ts';
import { CredentialHistory, type CredentialStatus } from './credential-status.ts';
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
  status(): CredentialStatus;
  /** Gets a new token, also while backing off, and tells how the credential is then. Rejects with the Failure. */
  refresh(signal: StopSignal): Promise<CredentialStatus>;
  /** Why the proxy is not ready for its sake; none or one. */
  unready(): string[];
  close(): Promise<void>;
}

export interface CredentialContext extends Surroundings, Pick<KeeperContext, 'store' | 'shared' | 'egress'> {
  readonly tokens: TokenTraffic;
}

/** Keeps a token at hand in the way of its kind. */
export async function openCredential(
  name: string,
  given: CredentialConfig,
  { log, tokens, watcher, ...context }: CredentialContext,
): Promise<Credential> {
  const { warn, outcome: tell } = tokenLog(log, name);
  const tried = Promise.withResolvers<void>();
  let started = false;
  let closed = false;
  const { source, start, rest, close } = await keeper(name, given, {
    ...context,
    warn,
    asked: (outcome, ms) => closed || tokens.add(name, outcome instanceof Failure ? outcome.code : 'ok', ms),
  });
  const history = new CredentialHistory(context.clock);
  source.listen((outcome, retryAfterMs = 0) => {
    tried.resolve();
    // What we break off ourselves at the end is no news.
    if (closed) return;
    tell(outcome, retryAfterMs);
    history.note(outcome, retryAfterMs);
    watcher?.token(name, outcome, retryAfterMs);
  });
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
      tried.resolve();
      await close();
    },
  };
}
