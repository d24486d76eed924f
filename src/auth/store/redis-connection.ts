import { createClient } from '@redis/client';
import type { Clock } from '../../clock.ts';
import type { Secret } from '../../secret.ts';
import { PROBE } from './scripts.ts';

/** Where a Redis is, and who we are to it. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  /** Verified, always. */
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: Secret | undefined;
  readonly database: number;
}

export interface RedisConnectionOptions {
  readonly address: RedisAddress;
  /** A key that is ours to write, and a channel that is ours to tell. */
  readonly probe: { readonly key: string; readonly channel: string };
  readonly clock: Clock;
  readonly random: () => number;
}

/** `up`: it can be used. The reason, when it cannot be, holds no address and no credentials. */
export type RedisState = { readonly up: true } | { readonly up: false; readonly reason: string };

/** Milliseconds: for the network and TLS, and for all that makes a connection usable. */
const NETWORK_MS = 1000;
const CONNECT_MS = 1500;
const COMMAND_MS = 500;
const BEAT_MS = 1000;
const RETRY_MS = 500;

type Client = ReturnType<typeof newClient>;

interface Channel {
  readonly name: string;
  readonly listener: () => void;
}

/**
 * One connection, made again whenever it is lost. Nothing waits for a Redis that is away: commands fail at once then,
 * and one that does not answer in time counts as away from that moment on.
 */
export class RedisConnection {
  readonly #options: RedisConnectionOptions;
  readonly #channels = new Set<Channel>();
  readonly #listeners = new Set<(state: RedisState) => void>();
  readonly #settled = Promise.withResolvers<void>();
  /** The newest attempt. What others report is no news. */
  #client: Client | undefined;
  /** The one that hears all channels. */
  #hearing: Client | undefined;
  #told: Promise<unknown> = Promise.resolve();
  #state: RedisState | undefined;
  #cancel = (): void => {};
  #closed = false;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
  }

  /** Before the first attempt has ended: away. */
  get state(): RedisState {
    return this.#state ?? { up: false, reason: 'it is being connected to' };
  }

  /** Resolves when the first attempt to connect has ended, however it did; within two seconds. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Hears of each change, the first connection included. Must not throw. Returns what ends that. */
  listen(listener: (state: RedisState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls back on each message of a channel. Returns what ends that. */
  subscribe(name: string, listener: () => void): () => void {
    const channel = { name, listener };
    this.#channels.add(channel);
    this.#tellHearing((client) => client.subscribe(name, listener));
    return () => {
      this.#channels.delete(channel);
      this.#tellHearing((client) => client.unsubscribe(name, listener));
    };
  }

  /**
   * One that is being connected gets to hear of all channels anyway. One after the other: the library takes a channel
   * that is being subscribed to for one that nobody listens to.
   */
  #tellHearing(command: (client: Client) => Promise<unknown>): void {
    const client = this.#client;
    if (client === undefined || client !== this.#hearing) return;
    this.#told = this.#told
      .then(() => (client === this.#client ? this.#command(client, command(client)) : undefined))
      .catch(() => {});
  }

  start(): void {
    void this.#connect();
  }

  /** Runs a script. Rejects when Redis is away, slow, or refuses; it is away then. */
  async run(script: string, keys: readonly string[], values: readonly string[]): Promise<unknown> {
    const client = this.#client;
    if (client === undefined || !this.state.up) throw new Error('Redis is away');
    return this.#command(client, client.eval(script, { keys: [...keys], arguments: [...values] }));
  }

  /** What was sent is still carried out, if Redis takes it in time. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    const client = this.#client;
    this.#client = undefined;
    this.#settled.resolve();
    if (client === undefined) return;
    if (this.state.up) await this.#within(COMMAND_MS, client.close()).catch(() => {});
    client.destroy();
  }

  async #connect(): Promise<void> {
    const client = newClient(this.#options.address);
    this.#client = client;
    client.on('error', (error) => this.#lost(client, error));
    try {
      await this.#within(CONNECT_MS, this.#open(client));
      if (this.#client !== client) return;
      this.#become({ up: true });
      this.#beat(client);
    } catch (error) {
      this.#lost(client, error);
    }
  }

  async #open(client: Client): Promise<void> {
    const { key, channel } = this.#options.probe;
    await client.connect();
    // Given up meanwhile: a socket that was being made then was not there to be destroyed.
    if (this.#client !== client) return client.destroy();
    await client.eval(PROBE, { keys: [key], arguments: [channel] });
    for (const { name, listener } of this.#channels) await client.subscribe(name, listener);
    this.#hearing = client;
  }

  /** One that is silent is found out, even while nobody needs it. */
  #beat(client: Client): void {
    this.#cancel = this.#options.clock.after(BEAT_MS, () => {
      this.#command(client, client.ping()).then(
        () => this.#client === client && this.#beat(client),
        () => {},
      );
    });
  }

  #command<T>(client: Client, answer: Promise<T>): Promise<T> {
    const timely = this.#within(COMMAND_MS, answer);
    timely.catch((error) => this.#lost(client, error));
    return timely;
  }

  #lost(client: Client, error: unknown): void {
    if (this.#client !== client || this.#closed) return;
    this.#client = undefined;
    this.#cancel();
    client.destroy();
    this.#cancel = this.#options.clock.after(RETRY_MS * (1 + this.#options.random()), () => void this.#connect());
    this.#become({ up: false, reason: reasonOf(error) });
  }

  #become(state: RedisState): void {
    const news = this.#state?.up !== state.up;
    this.#state = state;
    this.#settled.resolve();
    if (news) for (const listener of this.#listeners) listener(state);
  }

  /** Our own slowness does not count: what had come when the time was over is read first. */
  #within<T>(ms: number, promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new Late());
      const cancel = this.#options.clock.after(ms, () => void setImmediate(late));
      promise.then(resolve, reject).finally(cancel);
    });
  }
}

class Late extends Error {}

function newClient({ host, port, tls, username, password, database }: RedisAddress) {
  const network = { host, port, connectTimeout: NETWORK_MS, reconnectStrategy: false as const };
  return createClient({
    socket: tls ? { ...network, tls: true, rejectUnauthorized: true } : network,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: password.reveal() }),
    database,
    name: 'bearerway',
    // Commands and messages share a connection.
    RESP: 3,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
  });
}

/** Codes alone: Redis repeats a command it does not know with what was in it, the password too. */
function reasonOf(error: unknown): string {
  if (error instanceof Late) return 'it does not answer in time';
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === 'string') return `the connection failed (${code})`;
  const [refusal] = /^[A-Z]{2,}\b/.exec(typeof message === 'string' ? message : '') ?? [];
  if (refusal !== undefined) return `it refuses our commands (${refusal}${hints[refusal] ?? ''})`;
  return 'the connection broke off';
}

const hints: Readonly<Record<string, string>> = {
  ERR: '; it has to be Redis 6 or newer, or Valkey',
  NOAUTH: ': the URL has no password',
  WRONGPASS: ': user or password of the URL',
  NOPERM: ": the user's rights",
  READONLY: ': it is a replica',
  OOM: ': it is full',
};
