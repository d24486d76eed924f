import { Secret, type SecretSource } from '../secret.ts';
import { givenSecret, unusable } from './given-secret.ts';
import type { GivenToken } from './given-source.ts';

export interface BasicOptions {
  /** Without a colon. */
  readonly username: string;
  readonly password: SecretSource;
}

/** The credentials of HTTP Basic (RFC 7617 §2), in UTF-8. */
export function basic({ username, password }: BasicOptions): GivenToken {
  return {
    rotates: password.rotates,
    async read() {
      const text = await givenSecret(password, 'password');
      if (/\p{Cc}/u.test(text))
        throw unusable('password', 'has a control character, such as a line break in the middle');
      return { value: new Secret(Buffer.from(`${username}:${text}`).toString('base64')) };
    },
  };
}
