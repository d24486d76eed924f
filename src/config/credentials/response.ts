import { group, optional, withDefault, words } from '../scalars.ts';
import { oneOrMore } from './lists.ts';

export const pointers = oneOrMore('is not a name, a JSON Pointer or a list of them');

export const responseKeys = {
  accessToken: withDefault(pointers, ['access_token', 'accessToken']),
  tokenType: withDefault(pointers, ['token_type', 'tokenType']),
  expiresIn: withDefault(pointers, ['expires_in', 'expiresIn']),
  expiresInUnit: withDefault(words('s', 'ms'), 's'),
  expiresAt: optional(pointers),
};

/** Where things are in the answer to a token request. */
export const response = group(responseKeys);
