import { type ApiKeyOptions, apiKey } from './api-key.ts';
import { type BasicOptions, basic } from './basic.ts';
import type { GivenToken } from './given-source.ts';
import { type StaticTokenOptions, staticToken } from './static-token.ts';
import { type TokenFileOptions, tokenFile } from './token-file.ts';

/** What a credential is made of whose token is given, for each kind. */
export type GivenTokenOptions =
  | ({ readonly type: 'static' } & StaticTokenOptions)
  | ({ readonly type: 'api_key' } & ApiKeyOptions)
  | ({ readonly type: 'basic' } & BasicOptions)
  | ({ readonly type: 'file' } & TokenFileOptions);

/** Where the token is given that a credential's `type` names. */
export function givenToken(options: GivenTokenOptions): GivenToken {
  switch (options.type) {
    case 'static':
      return staticToken(options);
    case 'api_key':
      return apiKey(options);
    case 'basic':
      return basic(options);
    case 'file':
      return tokenFile(options);
  }
}
