import { Secret, type SecretSource } from '../secret.ts';
import { givenSecret, unusable } from './given-secret.ts';
import type { GivenToken } from './given-source.ts';
import { tokenProblem } from './token-text.ts';

export interface StaticTokenOptions {
  readonly token: SecretSource;
}

/** A bearer token that somebody made by hand. */
export function staticToken({ token }: StaticTokenOptions): GivenToken {
  return {
    rotates: token.rotates,
    async read() {
      const text = await givenSecret(token, 'token');
      const problem = tokenProblem(text);
      if (problem !== undefined) throw unusable('token', problem);
      return { value: new Secret(text) };
    },
  };
}
