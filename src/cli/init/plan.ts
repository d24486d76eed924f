/** What a new configuration is to hold: what is known, and what is left to the environment. */
import { type Provider, type ProviderName, providers } from '../../config/providers.ts';
import { variableName } from '../base-urls.ts';
import type { ConfidentialAuth } from '../issuer.ts';

/** An environment variable that has to be set before the proxy starts. */
export interface Variable {
  readonly name: string;
  /** What belongs into it. */
  readonly what: string;
  /** One that the configuration is right with. */
  readonly example: string;
}

/** A value of the configuration: a text, or a variable that it is taken from. */
export type Value = string | Variable;

/** Where an issuer gives tokens, as its metadata says. */
export interface FoundIssuer {
  readonly issuer: string;
  readonly tokenUrl: string;
  readonly clientAuth: ConfidentialAuth;
  /** What else it takes; empty: it does not say. */
  readonly clientAuths: readonly ConfidentialAuth[];
  readonly scopes: readonly string[];
}

/** What was said of a credential and its API. */
export interface Details {
  readonly baseUrl?: string | undefined;
  readonly upstream?: string | undefined;
  readonly scope?: string | undefined;
  readonly audience?: string | undefined;
}

/** One credential and its route. */
export interface Plan {
  /** Of the credential, and behind a slash the prefix of its route. */
  readonly name: string;
  readonly source: { readonly provider: ProviderName } | FoundIssuer;
  readonly clientId: Variable;
  readonly clientAuth: ConfidentialAuth;
  /** By its key in the configuration: what proves who the client is. */
  readonly proof: readonly (readonly [key: string, value: Variable])[];
  readonly baseUrl: Value | undefined;
  readonly upstream: Value;
  readonly scope: Value | undefined;
  readonly audience: Value | undefined;
}

export function providerPlan(provider: ProviderName, name: string, details: Details): Plan {
  const { title, api, baseUrl, baseForm, needs, options }: Provider = providers[provider];
  const variable = variables(name);
  const base =
    details.baseUrl ??
    (baseUrl === undefined
      ? variable(
          'URL',
          `base URL of ${title}${baseForm === undefined ? '' : `, such as ${baseForm}`}`,
          baseForm ?? EXAMPLE,
        )
      : `\${${variableName(`${name}_URL`)}:-${baseUrl}}`);
  const needed = (key: 'scope' | 'audience'): Value | undefined => {
    const need = needs?.[key];
    return details[key] ?? (need && variable(key, `${need.what}, such as ${need.example}`, need.example));
  };
  return {
    name,
    source: { provider },
    ...client(name, options.clientAuth),
    clientAuth: options.clientAuth,
    baseUrl: base,
    upstream: details.upstream ?? (api === 'at the base' ? base : variable('API_URL', 'base URL of the API', EXAMPLE)),
    scope: needed('scope'),
    audience: needed('audience'),
  };
}

export function issuerPlan(found: FoundIssuer, name: string, { upstream, scope, audience }: Details): Plan {
  return {
    name,
    source: found,
    ...client(name, found.clientAuth),
    clientAuth: found.clientAuth,
    baseUrl: undefined,
    upstream: upstream ?? variables(name)('API_URL', 'base URL of the API', EXAMPLE),
    scope,
    audience,
  };
}

const EXAMPLE = 'https://api.example.com';

function variables(credential: string) {
  return (suffix: string, what: string, example: string): Variable => ({
    name: variableName(`${credential}_${suffix}`),
    what,
    example,
  });
}

function client(name: string, clientAuth: ConfidentialAuth): Pick<Plan, 'clientId' | 'proof'> {
  const variable = variables(name);
  const clientId = variable('CLIENT_ID', 'client id', 'abc');
  if (clientAuth === 'private_key_jwt')
    return {
      clientId,
      proof: [['privateKeyFile', variable('PRIVATE_KEY_FILE', 'path of the private key, PEM or JWK', 'key.pem')]],
    };
  if (clientAuth === 'tls')
    return {
      clientId,
      proof: [
        ['cert', variable('CERT_FILE', 'path of the client certificate, PEM', 'client.pem')],
        ['key', variable('KEY_FILE', 'path of its key, PEM', 'client-key.pem')],
      ],
    };
  return { clientId, proof: [['clientSecret', variable('CLIENT_SECRET', 'client secret', 'secret')]] };
}

/** All that have to be set, each once. */
export function variablesOf(plans: readonly Plan[]): Variable[] {
  const values = plans.flatMap(({ baseUrl, clientId, proof, scope, audience, upstream }) => [
    ...[baseUrl, clientId, ...proof.map(([, value]) => value), scope, audience, upstream],
  ]);
  const named = values.filter((value) => typeof value === 'object');
  return [...new Map(named.map((variable) => [variable.name, variable])).values()];
}
