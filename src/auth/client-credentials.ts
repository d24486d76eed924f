import { type OAuthGrantOptions, oauthGrant } from './oauth-grant.ts';
import type { TokenSupply, TokenSupplyContext } from './token.ts';

/** The client credentials grant (RFC 6749 §4.4): who the client is says it all. */
export function clientCredentials(options: OAuthGrantOptions, context: TokenSupplyContext): TokenSupply {
  return oauthGrant(options, { type: 'client_credentials', secrets: [], parameters: async () => [] }, context);
}
