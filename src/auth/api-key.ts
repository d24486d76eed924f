import { Secret, type SecretSource } from '../secret.ts';
import { givenSecret, unusable } from './given-secret.ts';
import type { GivenToken } from './given-source.ts';
import { fieldValueProblem } from './token-text.ts';

export interface ApiKeyOptions {
  readonly value: SecretSource;
  readonly inject: { readonly query?: string | undefined };
}

/** A key for a field or a query parameter, in which nearly any text may stand once it is encoded. */
export function apiKey({ value, inject }: ApiKeyOptions): GivenToken {
  return {
    rotates: value.rotates,
    async read() {
      const text = await givenSecret(value, 'API key');
      const encodable = text.isWellFormed() ? undefined : 'is no Unicode';
      const problem = inject.query === undefined ? fieldValueProblem(text) : encodable;
      if (problem !== undefined) throw unusable('API key', problem);
      return { value: new Secret(text) };
    },
  };
}
