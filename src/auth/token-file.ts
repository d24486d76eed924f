import { fileSecret, Secret } from '../secret.ts';
import { givenSecret, unusable } from './given-secret.ts';
import type { GivenToken } from './given-source.ts';
import { jwtTimes } from './jwt-times.ts';
import { tokenProblem } from './token-text.ts';

export interface TokenFileOptions {
  readonly path: string;
}

/** A token that somebody else keeps fresh in a file, as kubelet does with a projected one. A JWT's `exp` ends it. */
export function tokenFile({ path }: TokenFileOptions): GivenToken {
  const source = fileSecret(path);
  return {
    rotates: true,
    async read() {
      const text = await givenSecret(source, 'token');
      const problem = tokenProblem(text);
      if (problem !== undefined) throw unusable('token in its file', problem);
      const { exp } = jwtTimes(text);
      return { value: new Secret(text), expiresAtMs: exp === undefined ? undefined : exp * 1000 };
    },
  };
}
