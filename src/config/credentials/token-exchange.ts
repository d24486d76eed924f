import * as z from 'zod';
import { everywhere, type Fault, notAGroup, optional, text, withDefault } from '../scalars.ts';
import { clientKeys, clientOf, clientRules, type SpeltClient } from './client.ts';
import { endpointRules, type SpeltEndpoint } from './endpoint.ts';
import { grantKeys } from './grant.ts';
import { oneOrMore } from './lists.ts';
import { request } from './request.ts';
import { isSpelt, requiredSecret, type SpeltSecret, secretKeys, secretOf, secretRules } from './secrets.ts';

const shortNames = ['access_token', 'refresh_token', 'id_token', 'saml1', 'saml2', 'jwt'];
/** RFC 8693 §3: one of its own names, or any URI. */
const tokenType = text
  .refine((given) => shortNames.includes(given) || URL.canParse(given), {
    error: `is no type of token (${shortNames.join(', ')} or a URI would be right)`,
  })
  .transform((given) => (shortNames.includes(given) ? `urn:ietf:params:oauth:token-type:${given}` : given));

/** RFC 8693: a token that we have, for one that the API takes. */
export function tokenExchangeSchema(folder: string) {
  return z
    .strictObject(
      {
        type: z.literal('token_exchange'),
        ...clientKeys(folder),
        ...grantKeys(folder),
        audience: optional(oneOrMore('is not an audience or a list of them')),
        ...secretKeys('subjectToken', folder),
        subjectTokenType: withDefault(tokenType, 'jwt'),
        ...secretKeys('actorToken', folder),
        actorTokenType: optional(tokenType),
        requestedTokenType: optional(tokenType),
        request: request(),
      },
      { error: notAGroup },
    )
    .check(everywhere(rules))
    .transform(({ subjectToken, subjectTokenFile, actorToken, actorTokenFile, ...rest }) => ({
      ...clientOf(rest),
      subjectToken: requiredSecret('subjectToken', { subjectToken, subjectTokenFile }),
      actorToken: secretOf('actorToken', { actorToken, actorTokenFile }),
    }));
}

interface Spelt extends SpeltClient, SpeltEndpoint, SpeltSecret<'subjectToken'>, SpeltSecret<'actorToken'> {
  readonly actorTokenType?: unknown;
}

function rules(spelt: Spelt, fault: Fault): void {
  endpointRules(spelt, 'an issuer', fault);
  clientRules(spelt, {}, fault);
  secretRules('subjectToken', { spelt, required: true }, fault);
  secretRules('actorToken', { spelt }, fault);
  // RFC 8693 §2.1: one must not be there without the other.
  if (isSpelt('actorToken', spelt) !== (spelt.actorTokenType !== undefined))
    fault(['actorTokenType'], 'goes with actorToken or actorTokenFile (both or none would be right)');
}
