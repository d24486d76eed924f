import * as z from 'zod';
import { type ProviderName, providerNamed, providerNames, providers } from '../providers.ts';
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
  readonly provider?: ProviderName | undefined;
  readonly baseUrl?: string | undefined;
  readonly scope?: unknown;
  readonly audience?: unknown;
}

function rules(spelt: Spelt, fault: Fault): void {
  const { provider, baseUrl, tokenUrl, issuer } = spelt;
  const stated = tokenUrl !== undefined ? 'tokenUrl' : issuer !== undefined ? 'issuer' : undefined;
  if (provider === undefined && baseUrl !== undefined)
    fault(['baseUrl'], 'needs a provider (without one, tokenUrl says it all)');
  if (provider !== undefined && baseUrl !== undefined && stated !== undefined)
    fault(['baseUrl'], `stands beside ${stated}, which says it all (one of them would be right)`);
  // One that is unknown is told already, and may be a secret in the wrong place.
  const known = providerNamed(provider);
  const form = known?.baseForm === undefined ? '' : ` (such as ${known.baseForm})`;
  if (known !== undefined && baseUrl === undefined && stated === undefined)
    fault(['baseUrl'], `is required: ${provider} gives each customer its own${form}`);
  needRules(spelt, fault);
  endpointRules(spelt, provider === undefined ? 'an issuer, or a provider' : undefined, fault);
  clientRules(spelt, { preset: provider !== undefined }, fault);
}

/** What the provider cannot do without, whatever its endpoint. */
function needRules(spelt: Spelt, fault: Fault): void {
  const { needs } = providerNamed(spelt.provider) ?? {};
  for (const key of ['scope', 'audience'] as const) {
    const need = needs?.[key];
    if (need === undefined) continue;
    const right = `${need.what} (such as ${need.example})`;
    const given = [spelt[key]].flat();
    if (given[0] === undefined) fault([key], `is required by ${spelt.provider}: ${right}`);
    // What is no text is told already.
    else if (!given.every((each) => typeof each !== 'string' || need.form?.test(each) !== false))
      fault([key], `is not what ${spelt.provider} takes: ${right}`);
  }
}
