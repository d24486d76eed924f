import * as z from 'zod';
import { everywhere, type Fault, notAGroup, text } from '../scalars.ts';
import { clientKeys, clientOf, clientRules, type SpeltClient } from './client.ts';
import { endpointRules, type SpeltEndpoint } from './endpoint.ts';
import { grantKeys } from './grant.ts';
import { request } from './request.ts';
import { requiredSecret, type SpeltSecret, secretKeys, secretRules } from './secrets.ts';

/** RFC 6749 §4.3: the name and the password of a user. */
export function passwordSchema(folder: string) {
  return z
    .strictObject(
      {
        type: z.literal('password'),
        ...clientKeys(folder),
        ...grantKeys(folder),
        username: text,
        ...secretKeys('password', folder),
        request: request({ username: 'username', password: 'password' }),
      },
      { error: notAGroup },
    )
    .check(everywhere(rules))
    .transform(({ password, passwordFile, ...rest }) => ({
      ...clientOf(rest),
      password: requiredSecret('password', { password, passwordFile }),
    }));
}

type Spelt = SpeltClient & SpeltEndpoint & SpeltSecret<'password'>;

function rules(spelt: Spelt, fault: Fault): void {
  endpointRules(spelt, 'an issuer', fault);
  clientRules(spelt, {}, fault);
  secretRules('password', { spelt, required: true }, fault);
}
