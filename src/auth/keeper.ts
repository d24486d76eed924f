import { asFailure, type Failure } from '../errors.ts';
import { Backoff } from './backoff.ts';
import { CachedSource } from './cached-source.ts';
import { GivenSource } from './given-source.ts';
import { type GivenTokenOptions, givenToken } from './given-token.ts';
import { refreshAhead } from './refresh-ahead.ts';
import type { TokenStore } from './store/memory.ts';
import type { SharedStore } from './store/shared-store.ts';
import type { KeptSource, RequestToken, Token, TokenSupplyContext } from './token.ts';
import { type TokenSupplyOptions, tokenSupply } from './token-supply.ts';

/** Keeps the token of one credential at hand. */
export interface Keeper {
  readonly source: KeptSource;
  /** Gets the first token, and keeps one at hand from now on. */
  start(): void;
  /** Gets one only where it is asked for, from now on. */
  rest(): void;
  /** Gets no more, and leaves nothing behind. */
  close(): Promise<void>;
}

export interface KeeperContext extends TokenSupplyContext {
  readonly store: TokenStore;
  /** Where tokens are shared with other machines, if they are. */
  readonly shared: SharedStore | undefined;
  /** Hears how each token request ended, and how many milliseconds it took; undefined where nobody had to be asked. */
  readonly asked?: (outcome: Token | Failure, durationMs: number | undefined) => void;
}

/** For a token that is given: a look at it now and then. For one that is asked for: a memory of it, and its renewal ahead of time. */
export async function keeper(
  credential: string,
  options: TokenSupplyOptions | GivenTokenOptions,
  context: KeeperContext,
): Promise<Keeper> {
  switch (options.type) {
    case 'static':
    case 'api_key':
    case 'basic':
    case 'file':
      return keptGiven(new GivenSource({ ...context, credential, given: givenToken(options) }), context);
    default:
      return keptSupplied(credential, options, context);
  }
}

function keptGiven(source: GivenSource, { asked = () => {} }: KeeperContext): Keeper {
  source.listen((outcome) => asked(outcome, undefined));
  let stop = (): void => {};
  return {
    source,
    start() {
      stop = source.watch();
    },
    rest: () => stop(),
    close: async () => stop(),
  };
}

async function keptSupplied(credential: string, options: TokenSupplyOptions, context: KeeperContext): Promise<Keeper> {
  const { clock, random, store, shared, warn } = context;
  const sharedPlace = await shared?.place(options);
  const supply = tokenSupply(options, { ...context, keepRefreshToken: sharedPlace?.keepRefreshToken });
  const adopt = (token: Token): void => source.adopt(token);
  const ask = timed(supply.requestToken, context);
  const requestToken = sharedPlace?.share({ requestToken: ask, adopt, warn }) ?? ask;
  const backoff = new Backoff(clock, random);
  const place = store.place();
  const source = new CachedSource({ credential, requestToken, place, backoff, clock });
  let stop = (): void => {};
  return {
    source,
    start() {
      stop = refreshAhead(source, { backoff, clock, secretChanged: supply.secretChanged });
    },
    rest: () => stop(),
    async close() {
      stop();
      sharedPlace?.close();
      await supply.close();
      place.close();
    },
  };
}

/** The token requests of our own, whoever else's tokens are used besides. */
function timed(requestToken: RequestToken, { clock, asked = () => {} }: KeeperContext): RequestToken {
  return async () => {
    const beganAtMs = clock.monotonicMs();
    const told = (outcome: Token | Failure): void => asked(outcome, clock.monotonicMs() - beganAtMs);
    try {
      const token = await requestToken();
      told(token);
      return token;
    } catch (thrown) {
      told(asFailure(thrown));
      throw thrown;
    }
  };
}
