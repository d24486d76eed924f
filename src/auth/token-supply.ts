import { clientCredentials } from './client-credentials.ts';
import { type CommandOptions, commandToken } from './command.ts';
import { type JwtBearerOptions, jwtBearer } from './jwt-bearer.ts';
import type { OAuthGrantOptions } from './oauth-grant.ts';
import { type PasswordOptions, password } from './password.ts';
import { type RefreshTokenOptions, refreshToken } from './refresh-token.ts';
import { refreshTokenFile } from './store/refresh-token-file.ts';
import type { TokenSupply, TokenSupplyContext } from './token.ts';
import { type TokenExchangeOptions, tokenExchange } from './token-exchange.ts';

/** What a credential is made of, for each kind. */
export type TokenSupplyOptions =
  | ({ readonly type: 'client_credentials' } & OAuthGrantOptions)
  | ({ readonly type: 'refresh_token'; readonly refreshTokenFile: string } & RefreshTokenOptions)
  | ({ readonly type: 'password' } & PasswordOptions)
  | ({ readonly type: 'jwt_bearer' } & JwtBearerOptions)
  | ({ readonly type: 'token_exchange' } & TokenExchangeOptions)
  | ({ readonly type: 'command' } & CommandOptions);

/** The way to get tokens that a credential's `type` names: the one place that knows every kind. */
export function tokenSupply(options: TokenSupplyOptions, context: TokenSupplyContext): TokenSupply {
  switch (options.type) {
    case 'client_credentials':
      return clientCredentials(options, context);
    case 'refresh_token':
      return refreshToken(options, refreshTokenFile(options.refreshTokenFile, context.newId), context);
    case 'password':
      return password(options, context);
    case 'jwt_bearer':
      return jwtBearer(options, context);
    case 'token_exchange':
      return tokenExchange(options, context);
    case 'command':
      return commandToken(options, context);
  }
}
