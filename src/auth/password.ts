import type { SecretSource } from '../secret.ts';
import { type OAuthGrantOptions, oauthGrant } from './oauth-grant.ts';
import { named } from './shown-secrets.ts';
import type { TokenSupply, TokenSupplyContext } from './token.ts';

export interface PasswordOptions extends OAuthGrantOptions {
  readonly username: string;
  readonly password: SecretSource;
}

/** The resource owner password credentials grant (RFC 6749 §4.3). */
export function password(options: PasswordOptions, context: TokenSupplyContext): TokenSupply {
  const secret = named('password', options.password);
  return oauthGrant(
    options,
    {
      type: 'password',
      secrets: [secret],
      parameters: async ({ read }) => [
        ['username', options.username],
        ['password', await read(secret)],
      ],
    },
    context,
  );
}
