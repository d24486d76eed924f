import type { SecretSource } from '../secret.ts';
import { type OAuthGrantOptions, oauthGrant } from './oauth-grant.ts';
import { named } from './shown-secrets.ts';
import type { TokenSupply, TokenSupplyContext } from './token.ts';

export interface TokenExchangeOptions extends OAuthGrantOptions {
  readonly subjectToken: SecretSource;
  /** URIs: RFC 8693 §3. */
  readonly subjectTokenType: string;
  readonly actorToken?: SecretSource | undefined;
  readonly actorTokenType?: string | undefined;
  readonly requestedTokenType?: string | undefined;
}

/** Token exchange (RFC 8693): a token that is here for one that the API takes. */
export function tokenExchange(options: TokenExchangeOptions, context: TokenSupplyContext): TokenSupply {
  const subject = named('subject token', options.subjectToken);
  const actor = options.actorToken && named('actor token', options.actorToken);
  return oauthGrant(
    // Of a token that is no access token the server says so in its type (§2.2.1), and it is used as one all the same.
    { ...options, tokenTypes: ['N_A'] },
    {
      type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      secrets: actor === undefined ? [subject] : [subject, actor],
      parameters: async ({ read }) => [
        ['subject_token', await read(subject)],
        ['subject_token_type', options.subjectTokenType],
        ['actor_token', actor && (await read(actor))],
        ['actor_token_type', options.actorTokenType],
        ['requested_token_type', options.requestedTokenType],
      ],
    },
    context,
  );
}
