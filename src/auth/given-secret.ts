import { Failure } from '../errors.ts';
import type { SecretSource } from '../secret.ts';

/** What a source holds now; `name` says in failures what it is. Rejects with a Failure. */
export async function givenSecret(source: SecretSource, name: string): Promise<string> {
  try {
    return (await source.read()).reveal();
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new Failure('token_invalid', `the file of the ${name} is too large`, { cause });
    throw new Failure('token_unavailable', `the file of the ${name} cannot be read`, { cause });
  }
}

/** Says of what was given that it cannot be used. */
export function unusable(name: string, problem: string): Failure {
  return new Failure('token_invalid', `the ${name} ${problem}`);
}
