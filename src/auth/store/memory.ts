import NodeCache from 'node-cache';
import type { Token } from '../token.ts';

/** Where the tokens of all credentials are remembered. */
export interface TokenStore {
  /** A place of its own for one credential, whatever it is called: two of a name never see each other's token. */
  place(): TokenPlace;
}

/** Remembers a credential's current token. Whoever takes it out checks its state. */
export interface TokenPlace {
  get(): Token | undefined;
  set(token: Token): void;
  /** Forgets the token, and remembers none from now on. */
  close(): void;
}

/**
 * A store in this process. node-cache is used as a passive shelf: it reckons lifetimes on the wall clock, where a
 * jump would drop a good token or keep a dead one, so it is given none; a token's state decides, on every use.
 */
export function memoryStore(): TokenStore {
  const cache = new NodeCache({ useClones: false, stdTTL: 0, checkperiod: 0 });
  let places = 0;
  return {
    place() {
      places += 1;
      const key = places;
      let closed = false;
      return {
        get: () => cache.get<Token>(key),
        set(token) {
          if (!closed) cache.set(key, token);
        },
        close() {
          closed = true;
          cache.del(key);
        },
      };
    },
  };
}
