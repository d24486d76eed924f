import { z } from 'zod';
import { fixedSecret } from '../../secret.ts';
import { providerNames, providers } from '../providers.ts';
import { everywhere, type Fault, flag, notAGroup, optional, text, withDefault, words } from '../scalars.ts';
import { type SpeltTls, tlsRules } from '../tls.ts';
import { baseAddress } from '../urls.ts';
import { clientKeys, clientRules, type SpeltClient } from './client.ts';
import { endpointKeys } from './endpoint.ts';
import { inject } from './inject.ts';
import { lifetime } from './lifetime.ts';
import { scopes } from './lists.ts';
import { request } from './request.ts';
import { response } from './response.ts';
import { secretOf } from './secrets.ts';

/** RFC 6749 §4.4, with presets for providers that are known. */
export function clientCredentialsSchema(folder: string) {
  return z
    .strictObject(
      {
        type: z.literal('client_credentials').meta({ default: 'client_credentials' }),
        provider: optional(words(...providerNames)),
        baseUrl: optional(baseAddress),
        ...endpointKeys(folder),
        ...clientKeys(folder),
        scope: optional(scopes),
        audience: optional(text),
        request,
        response,
        lifetime,
        inject,
        required: withDefault(flag, true),
      },
      { error: notAGroup },
    )
    .check(everywhere(rules))
    .transform(({ clientSecret, clientSecretFile, baseUrl, tokenUrl, ...rest }) => ({
      ...rest,
      tokenUrl: tokenUrl ?? `${baseUrl}${rest.provider === undefined ? '' : providers[rest.provider].tokenPath}`,
      clientSecret: secretOf('clientSecret', { clientSecret, clientSecretFile }) ?? fixedSecret(''),
    }));
}

interface Spelt extends SpeltClient {
  readonly provider?: keyof typeof providers | undefined;
  readonly baseUrl?: string | undefined;
  readonly tokenUrl?: string | undefined;
  readonly tls?: SpeltTls | null;
}

function rules(spelt: Spelt, fault: Fault): void {
  const { provider, baseUrl, tokenUrl, tls } = spelt;
  if (provider === undefined && tokenUrl === undefined) fault(['tokenUrl'], 'is required (or a provider)');
  if (provider === undefined && baseUrl !== undefined)
    fault(['baseUrl'], 'needs a provider (without one, tokenUrl says it all)');
  if (provider !== undefined && baseUrl !== undefined && tokenUrl !== undefined)
    fault(['baseUrl'], 'stands beside tokenUrl, which says it all (one of them would be right)');
  // One that is unknown is told already, and may be a secret in the wrong place.
  if (
    typeof provider === 'string' &&
    Object.hasOwn(providers, provider) &&
    baseUrl === undefined &&
    tokenUrl === undefined
  ) {
    fault(['baseUrl'], `is required: ${provider} gives each customer its own`);
  }
  clientRules(spelt, provider !== undefined, fault);
  tlsRules(tls ?? {}, fault);
}
