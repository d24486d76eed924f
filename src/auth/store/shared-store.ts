import type { Clock } from '../../clock.ts';
import { decodedKey, type SecretSource, watchSecret } from '../../secret.ts';
import type { RefreshTokenKeeper } from '../rotation.ts';
import type { RequestToken, Token } from '../token.ts';
import { type CredentialOptions, hiddenName, identityOf } from './identity.ts';
import { type RedisAddress, RedisConnection, type RedisState } from './redis-connection.ts';
import { Seal } from './seal.ts';
import { SharedEntries } from './shared-entry.ts';
import { sharedRefreshToken } from './shared-refresh-token.ts';
import { SharedSlot, type SlotNames, slotNames } from './shared-slot.ts';
import { SharedToken } from './shared-token.ts';

export interface SharedStoreOptions {
  readonly url: RedisAddress;
  /** At the front of every key and channel. */
  readonly prefix: string;
  /** Base64 of 32 bytes. */
  readonly encryptionKey: SecretSource;
  /** The proxy is not ready while Redis is away; it serves all the same. */
  readonly required: boolean;
}

/** A credential as the config has it; with a `request` it sends token requests. */
export interface SharedOptions extends CredentialOptions {
  readonly request?: { readonly timeout: number };
  readonly tokenUrl?: string | undefined;
  readonly issuer?: string | undefined;
  readonly clientId?: string | undefined;
}

export interface SharedStoreContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly newId: () => string;
}

/** What a credential brings along. */
export interface Sharing {
  readonly requestToken: RequestToken;
  /** Takes a token that another machine got, unasked. */
  readonly adopt: (token: Token) => void;
  /** Hears what is odd but can be lived with. */
  readonly warn: (message: string) => void;
}

/** One credential's place in the store. */
export interface SharedPlace {
  /** Its token request, shared with all machines that have the same credential. Once. */
  share(sharing: Sharing): RequestToken;
  /** Its refresh token, from the one that the config gives. */
  readonly keepRefreshToken: (given: SecretSource) => RefreshTokenKeeper;
  /** Hears of no other machine any more. */
  close(): void;
}

/** A Redis in which several machines keep the tokens that they share. */
export class SharedStore {
  readonly #prefix: string;
  readonly #required: boolean;
  readonly #context: SharedStoreContext;
  readonly #connection: RedisConnection;
  readonly #key: Buffer;
  readonly #seal: Seal;
  readonly #stopWatching: () => void;
  #started = false;
  readonly #tokens = new Set<SharedToken>();

  private constructor(options: SharedStoreOptions, context: SharedStoreContext, key: KeyInUse) {
    const { url, prefix } = options;
    this.#prefix = prefix;
    this.#required = options.required;
    this.#context = context;
    this.#key = key.first;
    this.#seal = new Seal(key.current);
    this.#stopWatching = key.stop;
    const probe = { key: `${prefix}probe`, channel: `${prefix}probe` };
    this.#connection = new RedisConnection({ address: url, probe, ...context });
  }

  /** Rejects when the key's file cannot be read or holds none. Connects to nothing before `start`. */
  static async open(options: SharedStoreOptions, context: SharedStoreContext): Promise<SharedStore> {
    return new SharedStore(options, context, await keyInUse(options.encryptionKey, context.clock));
  }

  get state(): RedisState {
    return this.#connection.state;
  }

  /** What is wrong with it; nothing or one thing. */
  troubles(): string[] {
    const { state } = this;
    return state.up ? [] : [`token store: Redis is away: ${state.reason}`];
  }

  /** Why the proxy is not ready for its sake; none or one. */
  unready(): string[] {
    return this.#required ? this.troubles() : [];
  }

  /** Hears of each change, the first included. Must not throw. */
  listen(listener: (state: RedisState) => void): void {
    this.#connection.listen(listener);
  }

  /**
   * Undefined for a kind that sends no token request: what is given needs no sharing, and what a program prints may be
   * for its machine alone. Rejects when a secret that decides on the token cannot be read.
   */
  async place(options: SharedOptions): Promise<SharedPlace | undefined> {
    const { request } = options;
    if (request === undefined) return undefined;
    const { clock, random, newId } = this.#context;
    const connection = this.#connection;
    const seal = this.#seal;
    const names = slotNames(`${this.#prefix}${await identityOf(options, this.#key)}:`);
    let shared: SharedToken | undefined;
    // Whatever else changes, the server takes the same one.
    const { issuer, tokenUrl, clientId } = options;
    const refreshNames = (given: string): SlotNames => {
      const facts = JSON.stringify([issuer ?? tokenUrl ?? null, clientId ?? null, given]);
      return slotNames(`${this.#prefix}refresh:${hiddenName(facts, this.#key)}:`);
    };
    return {
      keepRefreshToken: (given) => sharedRefreshToken(given, { connection, seal, clock, newId, namesOf: refreshNames }),
      share: (sharing) => {
        const slot = new SharedSlot({ connection, names, clock });
        const entries = new SharedEntries({ key: names.token, seal, clock, random });
        const { settled } = connection;
        const means = { slot, entries, settled, timeoutMs: request.timeout, clock, random, newId };
        shared = new SharedToken({ ...means, ...sharing });
        this.#tokens.add(shared);
        return shared.requestToken;
      },
      close: () => {
        shared?.close();
        if (shared !== undefined) this.#tokens.delete(shared);
      },
    };
  }

  /** Connects; the first time. */
  start(): void {
    if (!this.#started) this.#connection.start();
    this.#started = true;
  }

  async close(): Promise<void> {
    this.#stopWatching();
    for (const token of this.#tokens) token.close();
    await this.#connection.close();
  }
}

interface KeyInUse {
  readonly first: Buffer;
  readonly current: () => Buffer;
  readonly stop: () => void;
}

/** The key as it is now, also when its file changes; one that is none leaves the one before in use. */
async function keyInUse(source: SecretSource, clock: Clock): Promise<KeyInUse> {
  const watched = await watchSecret(source, clock);
  const read = (): Buffer | undefined => decodedKey(watched.current()?.reveal() ?? '');
  const first = read();
  if (first === undefined) {
    watched.stop();
    throw new Error('tokenStore.redis.encryptionKey is not 32 bytes in base64');
  }
  let last = first;
  return {
    first,
    current: () => {
      last = read() ?? last;
      return last;
    },
    stop: watched.stop,
  };
}
