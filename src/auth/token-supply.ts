import { type ClientCredentialsOptions, clientCredentials } from './client-credentials.ts';
import type { TokenSupply, TokenSupplyContext } from './token.ts';

/** What a credential is made of, for each kind. */
export type TokenSupplyOptions = { readonly type: 'client_credentials' } & ClientCredentialsOptions;

/** The way to get tokens that a credential's `type` names: the one place that knows every kind. */
export function tokenSupply(options: TokenSupplyOptions, context: TokenSupplyContext): TokenSupply {
  switch (options.type) {
    case 'client_credentials':
      return clientCredentials(options, context);
  }
}
