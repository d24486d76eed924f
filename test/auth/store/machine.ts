import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { SharedStore } from '../../../src/auth/store/shared-store.ts';
import type { Token } from '../../../src/auth/token.ts';
import { Failure, type FailureOptions } from '../../../src/errors.ts';
import { fixedSecret, Secret } from '../../../src/secret.ts';
import { TOKEN_PREFIX } from '../../support/canary.ts';
import { MovedClock } from '../../support/clock.ts';
import type { RedisServer } from '../../support/redis-server.ts';
import { STORE_KEY } from '../../support/store-keys.ts';

interface Flight {
  readonly number: number;
  readonly resolve: (token: Token) => void;
  readonly reject: (failure: Failure) => void;
}

export interface Times {
  /** Milliseconds; 100 s if it does not say. */
  readonly lifetimeMs?: number;
  /** How long ago the token was requested, by the time that has passed for all. */
  readonly ageMs?: number;
}

export interface MachineOptions {
  readonly clock?: MovedClock;
  readonly encryptionKey?: string;
  readonly random?: () => number;
  /** Another one is shared apart. */
  readonly credential?: string;
}

let issued = 0;

/** A machine with a clock of its own that shares one credential's token; its token requests end when the test says so. */
export class Machine {
  readonly clock: MovedClock;
  readonly store: SharedStore;
  /** Tokens that came unasked. */
  readonly adopted: string[] = [];
  readonly warnings: string[] = [];
  /** Token requests so far. */
  requests = 0;
  #flights: Flight[] = [];
  #request: () => Promise<Token> = () => Promise.reject(new Error('it is not shared yet'));
  #wake = (): void => {};

  private constructor(clock: MovedClock, store: SharedStore) {
    this.clock = clock;
    this.store = store;
  }

  static async start(redis: Pick<RedisServer, 'port'>, options: MachineOptions = {}): Promise<Machine> {
    const { clock = new MovedClock(), encryptionKey = STORE_KEY, random = () => 0, credential = 'main' } = options;
    const url = {
      host: '127.0.0.1',
      port: redis.port,
      tls: false,
      username: undefined,
      password: undefined,
      database: 0,
    };
    const store = await SharedStore.open(
      { url, prefix: 'test:', encryptionKey: fixedSecret(encryptionKey), required: false },
      { clock, random, newId: randomUUID },
    );
    const machine = new Machine(clock, store);
    const given = { type: 'client_credentials', clientId: credential, request: { timeout: 10_000 } };
    const place = await store.place(given);
    if (place === undefined) throw new Error('a kind with token requests is shared');
    machine.#request = place.share({
      requestToken: () => machine.#fly(),
      adopt: (token) => {
        machine.adopted.push(token.value.reveal());
        machine.#wake();
      },
      warn: (message) => {
        machine.warnings.push(message);
        machine.#wake();
      },
    });
    store.listen(() => machine.#wake());
    store.start();
    onTestFinished(() => store.close());
    return machine;
  }

  /** Asks for another token than it has. */
  request(): Promise<Token> {
    return this.#request();
  }

  /** The token that it asks for when its own was refused, unless the news of this one were quicker. */
  async orHas(renewed: Token): Promise<string> {
    const value = renewed.value.reveal();
    return this.adopted.at(-1) === value ? value : (await this.request()).value.reveal();
  }

  /** Resolves when that holds; looked at whenever something happens here. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves when a token request of its own is under way. */
  flying(): Promise<void> {
    return this.until(() => this.#flights.length > 0);
  }

  /** The token request under way gets one that nobody had before. */
  answer({ lifetimeMs = 100_000, ageMs = 0 }: Times = {}): Token {
    issued += 1;
    const token: Token = {
      value: new Secret(`${TOKEN_PREFIX}${issued}`),
      requestedAtMs: this.clock.monotonicMs() - ageMs,
      requestedAtWallMs: this.clock.wallMs() - ageMs,
      lifetimeMs,
      staleAfterMs: lifetimeMs * 0.8,
    };
    this.#landing().resolve(token);
    return token;
  }

  fail(options: FailureOptions = {}): void {
    this.#landing().reject(new Failure('token_unavailable', 'it failed', options));
  }

  /** A token that it got itself, when nobody else had one. */
  async own(times: Times = {}): Promise<Token> {
    const got = this.request();
    await this.flying();
    this.answer(times);
    return got;
  }

  #landing(): Flight {
    const flight = this.#flights.shift();
    if (flight === undefined) throw new Error('no token request is under way');
    return flight;
  }

  #fly(): Promise<Token> {
    this.requests += 1;
    const { promise, resolve, reject } = Promise.withResolvers<Token>();
    this.#flights.push({ number: this.requests, resolve, reject });
    this.#wake();
    return promise;
  }
}

/** How much longer a machine will use a token. Milliseconds. */
export function leftMs(machine: Machine, token: Token): number {
  return token.requestedAtMs + token.lifetimeMs - machine.clock.monotonicMs();
}
