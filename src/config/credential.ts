import { z } from 'zod';
import { fileSecret, fixedSecret } from '../secret.ts';
import { type Provider, providerNames, providers } from './providers.ts';
import {
  duration,
  emptyAsAbsent,
  everywhere,
  type Fault,
  fieldValue,
  flag,
  freeFieldName,
  group,
  lifetime,
  notAGroup,
  optional,
  pem,
  secretFile,
  text,
  withDefault,
  words,
} from './scalars.ts';
import { type SpeltTls, tlsRules } from './tls.ts';
import { baseAddress, tokenEndpoint } from './urls.ts';

const pointers = z
  .union([text.transform((name) => [name]), listOf(text)], {
    error: 'is not a name, a JSON Pointer or a list of them',
  })
  .transform((names): readonly string[] => names);

const scopes = z
  .union([text.regex(/\S/, { error: 'is empty' }).transform((given) => given.trim().split(/\s+/)), listOf(text)], {
    error: 'is not a list of scopes',
  })
  .transform((given): readonly string[] => given);

function listOf(item: typeof text) {
  return z.array(item).min(1, { error: 'is an empty list (leave it out instead)' });
}

/** Another name for a parameter; null leaves it out of the request. */
function parameterName(usual: string) {
  return z.preprocess((given) => (given === '' ? undefined : given), text.nullable().default(usual));
}

const textMap = z.record(text, z.string({ error: 'is not text (quote it: "…")' }), {
  error: 'is not a group of names and texts',
});

const request = group({
  format: withDefault(words('form', 'json'), 'form'),
  headers: withDefault(z.record(freeFieldName, fieldValue, { error: 'is not a group of field names and values' }), {}),
  params: withDefault(textMap, {}),
  query: withDefault(textMap, {}),
  fields: group({
    clientId: parameterName('client_id'),
    clientSecret: parameterName('client_secret'),
    grantType: parameterName('grant_type'),
    scope: parameterName('scope'),
    audience: parameterName('audience'),
  }),
  timeout: withDefault(duration, '10s'),
});

const response = group({
  accessToken: withDefault(pointers, ['access_token', 'accessToken']),
  tokenType: withDefault(pointers, ['token_type', 'tokenType']),
  expiresIn: withDefault(pointers, ['expires_in', 'expiresIn']),
  expiresInUnit: withDefault(words('s', 'ms'), 's'),
  expiresAt: optional(pointers),
});

const inject = z
  .preprocess(
    (given) => emptyAsAbsent(given) ?? {},
    z.strictObject(
      {
        header: optional(freeFieldName),
        // An empty one is a value here: it sends the bare token.
        scheme: z.preprocess((given) => given ?? undefined, fieldValue.optional()),
        query: optional(text),
      },
      { error: notAGroup },
    ),
  )
  .check(
    everywhere(({ header, scheme, query }, fault) => {
      if (query !== undefined && (header !== undefined || scheme !== undefined)) {
        fault(['query'], 'stands beside header or scheme (a token goes into one place)');
      }
    }),
  );

/** A set of credentials and how a token is got with them: RFC 6749 §4.4. */
export function credentialSchema(folder: string) {
  const shape = z.strictObject(
    {
      type: withDefault(words('client_credentials'), 'client_credentials'),
      provider: optional(words(...providerNames)),
      baseUrl: optional(baseAddress),
      tokenUrl: optional(tokenEndpoint),
      clientId: text,
      clientSecret: optional(text),
      clientSecretFile: optional(secretFile(folder)),
      clientAuth: withDefault(words('basic', 'post'), 'basic'),
      basicEncoding: withDefault(words('form', 'raw'), 'form'),
      scope: optional(scopes),
      audience: optional(text),
      tls: group({ ca: optional(pem(folder)), cert: optional(pem(folder)), key: optional(pem(folder)) }),
      request,
      response,
      lifetime: group({
        default: withDefault(lifetime, '5m'),
        max: withDefault(lifetime, '24h'),
        refreshBefore: withDefault(lifetime, '60s'),
      }),
      inject,
      required: withDefault(flag, true),
    },
    { error: notAGroup },
  );
  return z.preprocess(
    overProvider,
    shape.check(everywhere(rules)).transform(({ clientSecret, clientSecretFile, baseUrl, tokenUrl, ...rest }) => ({
      ...rest,
      tokenUrl: tokenUrl ?? `${baseUrl}${rest.provider === undefined ? '' : providers[rest.provider].tokenPath}`,
      clientSecret: clientSecretFile === undefined ? fixedSecret(clientSecret ?? '') : fileSecret(clientSecretFile),
    })),
  );
}

interface Spelt {
  readonly provider?: keyof typeof providers | undefined;
  readonly baseUrl?: string | undefined;
  readonly tokenUrl?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly clientSecretFile?: string | undefined;
  readonly clientAuth?: unknown;
  readonly basicEncoding?: unknown;
  readonly tls?: SpeltTls | null;
}

function rules(spelt: Spelt, fault: Fault): void {
  const { provider, baseUrl, tokenUrl, clientSecret, clientSecretFile, clientAuth, basicEncoding, tls } = spelt;
  if (provider === undefined && tokenUrl === undefined) fault(['tokenUrl'], 'is required (or a provider)');
  if (provider === undefined && baseUrl !== undefined)
    fault(['baseUrl'], 'needs a provider (without one, tokenUrl says it all)');
  if (provider !== undefined && baseUrl !== undefined && tokenUrl !== undefined)
    fault(['baseUrl'], 'stands beside tokenUrl, which says it all (one of them would be right)');
  if (provider === undefined && clientAuth === 'post' && basicEncoding === 'raw')
    fault(['basicEncoding'], 'is for clientAuth: basic (post sends id and secret in the body)');
  // One that is unknown is told already, and may be a secret in the wrong place.
  if (
    typeof provider === 'string' &&
    Object.hasOwn(providers, provider) &&
    baseUrl === undefined &&
    tokenUrl === undefined
  ) {
    fault(['baseUrl'], `is required: ${provider} gives each customer its own`);
  }
  if (clientSecret === undefined && clientSecretFile === undefined)
    fault(['clientSecret'], 'is required (or clientSecretFile)');
  if (clientSecret !== undefined && clientSecretFile !== undefined) {
    fault(['clientSecretFile'], 'stands beside clientSecret (one of them would be right)');
  }
  tlsRules(tls ?? {}, fault);
}

/** The provider's options under those that the file spells out. */
function overProvider(given: unknown): unknown {
  if (!isGroup(given)) return given;
  const name = given['provider'];
  const known: Readonly<Record<string, Provider>> = providers;
  const provider = typeof name === 'string' && Object.hasOwn(known, name) ? known[name] : undefined;
  if (provider === undefined) return given;
  const needsNoBase = provider.baseUrl === undefined || emptyAsAbsent(given['tokenUrl']) !== undefined;
  const defaults = needsNoBase ? provider.options : { baseUrl: provider.baseUrl, ...provider.options };
  return overlay(defaults, given);
}

/** `over` where it says something, else `under`. Null says something among `fields`: it leaves a parameter out. */
function overlay(under: unknown, over: unknown, inFields = false): unknown {
  const silent = inFields ? over === '' : emptyAsAbsent(over) === undefined;
  if (silent) return under === undefined ? over : under;
  if (!isGroup(under) || !isGroup(over)) return over;
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    merged[key] = overlay(under[key], value, key === 'fields' ? isGroup(value) : inFields);
  }
  return merged;
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
