/** One attempt to get a token, as the running proxy would make it. */
import { openEgress } from '../app/egress.ts';
import { keeper } from '../auth/keeper.ts';
import { memoryStore } from '../auth/store/memory.ts';
import type { SharedStore } from '../auth/store/shared-store.ts';
import type { HeardAnswer, Token } from '../auth/token.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Config, CredentialConfig } from '../config/schema.ts';
import type { Egress } from '../egress.ts';
import { asFailure, type Failure } from '../errors.ts';
import { randomId } from '../random-id.ts';
import type { Process } from './process.ts';

/** The last answer of the token endpoint, and when it came. */
export interface Heard extends HeardAnswer {
  /** Milliseconds since 1970, by this machine's clock. */
  readonly atWallMs: number;
}

export interface Attempt {
  readonly name: string;
  readonly options: CredentialConfig;
  readonly outcome: Token | Failure;
  /** Undefined where no token endpoint answered. */
  readonly heard: Heard | undefined;
  /** What is odd but can be lived with. */
  readonly notes: readonly string[];
}

/** The ways to tokens, opened for a command and closed behind it. */
export class TokenAttempts {
  readonly egress: Egress;
  readonly #config: Config;
  readonly #env: Process['env'];
  readonly #clock: Clock;
  readonly #shared: SharedStore | undefined;
  readonly #store: Promise<string | undefined>;

  private constructor(config: Config, env: Process['env'], shared: SharedStore | undefined) {
    this.#config = config;
    this.#env = env;
    this.#clock = systemClock;
    this.#shared = shared;
    this.#store = new Promise((resolve) => {
      if (shared === undefined) resolve(undefined);
      // Its first state comes after its first attempt.
      else shared.listen((state) => resolve(state.up ? undefined : `Redis is away: ${state.reason}`));
    });
    this.egress = openEgress(config);
  }

  /** Rejects when the key of a shared store cannot be read. */
  static async open(config: Config, env: Process['env']): Promise<TokenAttempts> {
    const { tokenStore } = config;
    if (tokenStore === 'memory') return new TokenAttempts(config, env, undefined);
    // Its client is loaded where it is asked for.
    const { SharedStore } = await import('../auth/store/shared-store.ts');
    const context = { clock: systemClock, random: Math.random, newId: randomId };
    const shared = await SharedStore.open(tokenStore.redis, context);
    const attempts = new TokenAttempts(config, env, shared);
    shared.start();
    return attempts;
  }

  /** What is wrong with a shared store, once that is known; undefined: nothing, or there is none. */
  store(): Promise<string | undefined> {
    return this.#store;
  }

  async close(): Promise<void> {
    await this.#shared?.close();
  }

  /** `anew`: of its token endpoint, though a shared store may have one; a refresh token alone is always used by way of its store. */
  async get(name: string, { anew }: { readonly anew: boolean }): Promise<Attempt> {
    const options = this.#config.credentials[name];
    if (options === undefined) throw new Error(`there is no credential ${name}`);
    const notes: string[] = [];
    let heard: Heard | undefined;
    const { source, close } = await keeper(name, options, {
      clock: this.#clock,
      random: Math.random,
      newId: randomId,
      env: this.#env,
      egress: this.egress,
      store: memoryStore(),
      shared: anew && options.type !== 'refresh_token' ? undefined : this.#shared,
      warn: (note) => notes.push(note),
      heard: (answer) => {
        heard = { ...answer, atWallMs: this.#clock.wallMs() };
      },
    });
    try {
      // Each kind has a time limit of its own.
      const outcome = await source
        .get(new AbortController().signal)
        .catch((thrown) => source.failure ?? asFailure(thrown));
      return { name, options, outcome, heard, notes };
    } finally {
      await close();
    }
  }
}
