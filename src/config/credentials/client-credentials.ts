import * as z from 'zod';
import { providerNames, providers } from '../providers.ts';
import { everywhere, type Fault, notAGroup, optional, words } from '../scalars.ts';
import { baseAddress } from '../urls.ts';
import { clientOf, clientRules, confidentialClientKeys, type SpeltClient } from './client.ts';
import { endpointRules, type SpeltEndpoint } from './endpoint.ts';
import { grantKeys } from './grant.ts';
import { request } from './request.ts';

/** RFC 6749 §4.4, with presets for providers that are known. */
export function clientCredentialsSchema(folder: string) {
  return z
    .strictObject(
      {
        type: z.literal('client_credentials').meta({ default: 'client_credentials' }),
        provider: optional(words(...providerNames)),
        baseUrl: optional(baseAddress),
        ...confidentialClientKeys(folder),
        ...grantKeys(folder),
        request: request(),
      },
      { error: notAGroup },
    )
    .check(everywhere(rules))
    .transform(({ baseUrl, tokenUrl, ...rest }) => ({
      ...clientOf(rest),
      tokenUrl:
        rest.provider === undefined || baseUrl === undefined
          ? tokenUrl
          : `${baseUrl}${providers[rest.provider].tokenPath}`,
    }));
}

interface Spelt extends SpeltClient, SpeltEndpoint {
  readonly provider?: keyof typeof providers | undefined;
  readonly baseUrl?: string | undefined;
}

function rules(spelt: Spelt, fault: Fault): void {
  const { provider, baseUrl, tokenUrl, issuer } = spelt;
  const stated = tokenUrl !== undefined ? 'tokenUrl' : issuer !== undefined ? 'issuer' : undefined;
  if (provider === undefined && baseUrl !== undefined)
    fault(['baseUrl'], 'needs a provider (without one, tokenUrl says it all)');
  if (provider !== undefined && baseUrl !== undefined && stated !== undefined)
    fault(['baseUrl'], `stands beside ${stated}, which says it all (one of them would be right)`);
  // One that is unknown is told already, and may be a secret in the wrong place.
  const known = typeof provider === 'string' && Object.hasOwn(providers, provider);
  if (known && baseUrl === undefined && stated === undefined)
    fault(['baseUrl'], `is required: ${provider} gives each customer its own`);
  endpointRules(spelt, provider === undefined ? 'an issuer, or a provider' : undefined, fault);
  clientRules(spelt, { preset: provider !== undefined }, fault);
}
