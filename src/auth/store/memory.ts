import NodeCache from 'node-cache';
import type { Token } from '../token.ts';

/** Remembers the current token of each credential. Whoever takes one out checks its state. */
export interface TokenStore {
  get(credential: string): Token | undefined;
  set(credential: string, token: Token): void;
}

/**
 * A store in this process. node-cache is used as a passive shelf: it reckons lifetimes on the wall clock, where a
 * jump would drop a good token or keep a dead one, so it is given none; a token's state decides, on every use.
 */
export function memoryStore(): TokenStore {
  const cache = new NodeCache({ useClones: false, stdTTL: 0, checkperiod: 0 });
  return {
    get: (credential) => cache.get<Token>(credential),
    set: (credential, token) => {
      cache.set(credential, token);
    },
  };
}
