/** A plan as the text of `proxy.yaml`, with comments for who reads it first. No secret is in it. */
import { type Provider, providers } from '../../config/providers.ts';
import type { Plan, Value } from './plan.ts';

export function readConfigOf(plans: readonly Plan[]): string {
  return [
    '# The configuration of Bearerway; its README explains every key.',
    '# Secrets are in the environment and never in this file: each ${NAME} without a default has to be set.',
    '#   bearerway check          tells what is wrong in here',
    '#   bearerway check --live   also gets a token with each credential',
    '#   bearerway run            runs the proxy',
    '',
    'listen:',
    '  host: 127.0.0.1 # this machine alone; anything else needs a clientToken',
    '  port: 8080',
    '  # clientToken: ${BEARERWAY_CLIENT_TOKEN} # if set, clients must send it; whoever is on this machine reaches the port',
    '',
    'admin:',
    '  port: 9090 # /healthz and /readyz',
    '',
    'credentials:',
    ...plans.flatMap(credential),
    '',
    'routes:',
    ...plans.flatMap(route),
    '',
  ].join('\n');
}

function credential(plan: Plan): string[] {
  const { name, source, clientId, clientAuth, proof, baseUrl, scope, audience } = plan;
  const provider: Provider | undefined = 'provider' in source ? providers[source.provider] : undefined;
  const isTls = clientAuth === 'tls';
  return [
    ...origin(plan),
    `  ${name}:`,
    ...('provider' in source
      ? [`    provider: ${source.provider}`, ...line('baseUrl', baseUrl)]
      : [`    tokenUrl: ${literal(source.tokenUrl)}`, `    clientAuth: ${clientAuth}${choice(source.clientAuths)}`]),
    `    clientId: ${written(clientId)}`,
    ...(isTls
      ? ['    tls:', ...proof.flatMap(([key, value]) => line(`  ${key}`, value))]
      : proof.flatMap(([key, value]) =>
          line(key, value, key === 'clientSecret' ? 'or clientSecretFile, and a path' : undefined),
        )),
    ...line('scope', scope, provider?.needs?.scope?.what ?? ('scopes' in source ? named(source.scopes) : undefined)),
    ...line('audience', audience, provider?.needs?.audience?.what),
  ];
}

/** Where what follows comes from. */
function origin({ source }: Plan): string[] {
  if (!('provider' in source)) return [`  # From the metadata of ${inComment(source.issuer)}.`];
  const { title, page } = providers[source.provider];
  return [`  # ${title}: ${page}`];
}

function route({ name, upstream }: Plan): string[] {
  return [
    `  - prefix: /${name} # http://127.0.0.1:8080/${name}/x goes to upstream/x`,
    `    upstream: ${written(upstream)}${commentOn(upstream)}`,
    `    credential: ${name}`,
    '    # methods: [GET] # narrows what clients may do; so does paths: ["/v1/**"]',
  ];
}

function line(key: string, value: Value | undefined, comment?: string): string[] {
  if (value === undefined) return [];
  return [`    ${key}: ${written(value)}${comment === undefined ? commentOn(value) : ` # ${comment}`}`];
}

function commentOn(value: Value): string {
  return typeof value === 'string' ? '' : ` # ${value.what}`;
}

function written(value: Value): string {
  return typeof value === 'string' ? scalar(value) : `\${${value.name}}`;
}

/** What a server says is no placeholder, whatever it looks like. */
function literal(text: string): string {
  return scalar(text.split('${').join('$${'));
}

/** Plain where YAML reads it as that text, else in double quotes, whose escapes are those of JSON. */
function scalar(text: string): string {
  const isPlain = /^(?:\$\{[\w]+(?::-[\w./:@-]*)?\}|[A-Za-z][\w+./@%=-]*(?::[\w+./@%=-]+)*)$/.test(text);
  return isPlain && !/^(true|false|null|yes|no|on|off)$/i.test(text) ? text : JSON.stringify(text);
}

function choice(clientAuths: readonly string[]): string {
  return clientAuths.length > 1 ? ` # the issuer takes ${clientAuths.join(', ')}` : '';
}

/** So many scopes are named. */
const MOST_NAMED = 10;

function named(scopes: readonly string[]): string | undefined {
  if (scopes.length === 0) return undefined;
  const shown = scopes.length > MOST_NAMED ? [...scopes.slice(0, MOST_NAMED), '…'] : scopes;
  return `the issuer names ${inComment(shown.join(', '))}`;
}

function inComment(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, '?');
}
