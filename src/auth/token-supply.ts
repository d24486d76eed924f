import type { SecretSource } from '../secret.ts';
import { clientCredentials } from './client-credentials.ts';
import { type CommandOptions, commandToken } from './command.ts';
import { type JwtBearerOptions, jwtBearer } from './jwt-bearer.ts';
import type { OAuthGrantOptions } from './oauth-grant.ts';
import { type PasswordOptions, password } from './password.ts';
import { type RefreshTokenOptions, refreshToken } from './refresh-token.ts';
import type { RefreshTokenKeeper } from './rotation.ts';
import { refreshTokenFile } from './store/refresh-token-file.ts';
import type { TokenSupply, TokenSupplyContext } from './token.ts';
import { type TokenExchangeOptions, tokenExchange } from './token-exchange.ts';

/** What a credential is made of, for each kind. */
export type TokenSupplyOptions =
  | ({ readonly type: 'client_credentials' } & OAuthGrantOptions)
  | ({ readonly type: 'refresh_token' } & KeptRefreshToken & RefreshTokenOptions)
  | ({ readonly type: 'password' } & PasswordOptions)
  | ({ readonly type: 'jwt_bearer' } & JwtBearerOptions)
  | ({ readonly type: 'token_exchange' } & TokenExchangeOptions)
  | ({ readonly type: 'command' } & CommandOptions);

/** A refresh token that the config gives, and its file if it stands in one. */
interface KeptRefreshToken {
  readonly refreshToken: SecretSource;
  readonly refreshTokenFile: string | undefined;
}

export interface SupplyContext extends TokenSupplyContext {
  /** Where a refresh token is kept other than in its file. */
  readonly keepRefreshToken: ((given: SecretSource) => RefreshTokenKeeper) | undefined;
}

/** The way to get tokens that a credential's `type` names: the one place that knows every kind. */
export function tokenSupply(options: TokenSupplyOptions, context: SupplyContext): TokenSupply {
  switch (options.type) {
    case 'client_credentials':
      return clientCredentials(options, context);
    case 'refresh_token':
      return refreshToken(options, refreshTokenKeeper(options, context), context);
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

/** In the store that is shared, if there is one; else in its file. */
function refreshTokenKeeper(
  { refreshToken, refreshTokenFile: file }: KeptRefreshToken,
  { keepRefreshToken, newId }: SupplyContext,
): RefreshTokenKeeper {
  if (keepRefreshToken !== undefined) return keepRefreshToken(refreshToken);
  if (file === undefined) throw new Error('a refresh token has no place to be kept, and no rule said so');
  return refreshTokenFile(file, newId);
}
