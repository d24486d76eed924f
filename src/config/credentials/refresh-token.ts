import { accessSync, constants, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { contentOf, everywhere, type Fault, group, notAGroup, withDefault } from '../scalars.ts';
import { clientKeys, clientOf, clientRules, type SpeltClient } from './client.ts';
import { endpointRules, type SpeltEndpoint } from './endpoint.ts';
import { grantKeys } from './grant.ts';
import { request } from './request.ts';
import { pointers, responseKeys } from './response.ts';
import { requiredSecret, type SpeltSecret, secretKeys, secretRules } from './secrets.ts';

/** RFC 6749 §6: a refresh token that somebody got by logging in. */
export function refreshTokenSchema(folder: string) {
  return z
    .strictObject(
      {
        type: z.literal('refresh_token'),
        ...clientKeys(folder),
        ...grantKeys(folder),
        ...secretKeys('refreshToken', folder),
        request: request({ refreshToken: 'refresh_token' }),
        response: group({ ...responseKeys, refreshToken: withDefault(pointers, ['refresh_token', 'refreshToken']) }),
      },
      { error: notAGroup },
    )
    .check(everywhere(rules))
    .transform(({ refreshToken, refreshTokenFile, ...rest }) => ({
      ...clientOf(rest),
      refreshTokenFile,
      refreshToken: requiredSecret('refreshToken', { refreshToken, refreshTokenFile }),
    }));
}

type Spelt = SpeltClient & SpeltEndpoint & SpeltSecret<'refreshToken'>;

function rules(spelt: Spelt, fault: Fault): void {
  endpointRules(spelt, 'an issuer', fault);
  clientRules(spelt, {}, fault);
  secretRules('refreshToken', { spelt, required: true }, fault);
}

/** What stands for a refresh token, once it has been read or before. */
export interface SpeltRefreshToken {
  readonly refreshToken?: unknown;
  readonly refreshTokenFile?: unknown;
}

/** Without a shared store it is kept in its file. */
export function keepingRules({ refreshToken, refreshTokenFile }: SpeltRefreshToken, fault: Fault): void {
  if (refreshToken !== undefined && refreshTokenFile === undefined)
    fault(
      ['refreshToken'],
      'has no place where its successor could be kept, should the server rotate it (refreshTokenFile, or tokenStore.redis, would be right)',
    );
  // One that cannot be read is told already.
  if (typeof refreshTokenFile === 'string' && !isReplaceable(refreshTokenFile))
    fault(
      ['refreshTokenFile'],
      'is in a folder that cannot be written to (its successor is put beside it before it takes its name)',
    );
}

function isReplaceable(path: string): boolean {
  if (contentOf(path) === undefined) return true;
  try {
    accessSync(dirname(realpathSync(path)), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
