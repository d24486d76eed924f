/**
 * The one source of what `proxy.yaml` may hold: its types, defaults, messages and JSON Schema.
 * {@link Config} is what the rest of the program sees: milliseconds, bytes, addresses taken apart, secrets that do not print.
 */
import * as z from 'zod';
import type { EgressOptions } from '../egress.ts';
import { plainName } from '../field-names.ts';
import { forwardedFields } from '../own-fields.ts';
import { adminSchema } from './admin.ts';
import { credentialSchema } from './credentials/credential.ts';
import { keepingRules, type SpeltRefreshToken } from './credentials/refresh-token.ts';
import { egressSchema } from './egress.ts';
import { listenSchema } from './listen.ts';
import { nearestAmong } from './nearest.ts';
import { isOwnListener } from './own-listener.ts';
import { routeSchema } from './route.ts';
import {
  duration,
  durationOrZero,
  everywhere,
  type Fault,
  group,
  integer,
  notAGroup,
  size,
  text,
  withDefault,
  words,
} from './scalars.ts';
import { waitsForItself } from './token-loop.ts';
import { tokenStoreSchema } from './token-store.ts';

const MOST_WORKERS = 256;
const notWorkers = `is neither auto nor a whole number from 1 to ${MOST_WORKERS}`;
/** How many processes serve requests; `auto`: one a core. */
const workers = z.union([z.literal('auto'), integer(1, MOST_WORKERS, notWorkers)], { error: notWorkers });

/** One that the admin port is asked for by: as a segment of a path, which these never are (RFC 3986 §5.2.4). */
const credentialName = text.regex(/^(?!\.\.?$)/, { error: 'is no name (any other than "." and ".." would be right)' });

/** `folder` is where relative paths begin. */
export function configSchema(folder: string) {
  return z
    .strictObject(
      {
        listen: listenSchema(folder),
        admin: adminSchema(folder),
        log: group({
          level: withDefault(words('trace', 'debug', 'info', 'warn', 'error', 'silent'), 'info'),
          format: withDefault(words('auto', 'json', 'pretty'), 'auto'),
        }),
        workers: withDefault(workers, 1),
        tokenStore: tokenStoreSchema(folder),
        egress: egressSchema(folder),
        limits: group({
          inFlight: withDefault(integer(1, 1_000_000), 1024),
          replayMemory: withDefault(size, '64MiB'),
          headerSize: withDefault(size, '16KiB'),
          headerCount: withDefault(integer(1, 1000), 100),
          targetSize: withDefault(size, '8KiB'),
          headersTimeout: withDefault(duration, '30s'),
        }),
        shutdown: group({ delay: withDefault(durationOrZero, '0s'), timeout: withDefault(durationOrZero, '20s') }),
        credentials: withDefault(
          z.record(credentialName, credentialSchema(folder), {
            error: 'is not a group of credentials, each with a name',
          }),
          {},
        ),
        routes: z
          .array(routeSchema(folder), { error: 'is not a list of routes (each begins with "- prefix: /…")' })
          .min(1, { error: 'is empty: nothing could be sent anywhere' }),
      },
      { error: notAGroup },
    )
    .check(everywhere(rules));
}

type Checked = z.output<ReturnType<typeof configSchema>>;

/** A whole configuration, checked and frozen. */
export type Config = Omit<Checked, 'egress'> & {
  readonly egress: EgressOptions;
  /** Paths of the files besides its own whose content is part of it. */
  readonly files: readonly string[];
  /** Paths of all files that it names for secrets. */
  readonly secretFiles: readonly string[];
};
export type CredentialConfig = Config['credentials'][string];
export type RouteConfig = Config['routes'][number];

interface Spelt {
  readonly listen?: { readonly host?: string; readonly port?: number; readonly socket?: unknown };
  readonly tokenStore?: unknown;
  readonly admin?: false | { readonly host?: string; readonly port?: number };
  readonly credentials?: Readonly<Record<string, SpeltCredential | null>>;
  readonly routes?: readonly {
    readonly prefix?: string;
    readonly upstream?: { readonly origin?: string };
    readonly credential?: string | undefined;
    readonly forwardedHeaders?: boolean;
    readonly headers?: { readonly set?: Readonly<Record<string, string>> };
  }[];
}

interface SpeltCredential extends SpeltRefreshToken {
  readonly type?: unknown;
  readonly tokenUrl?: unknown;
  readonly issuer?: unknown;
  readonly inject?: { readonly header?: unknown; readonly query?: unknown } | null;
}

function rules({ listen, admin, tokenStore, credentials = {}, routes = [] }: Spelt, fault: Fault): void {
  if (admin && listen && admin.port !== 0 && admin.port === listen.port && listen.socket === undefined) {
    // A host that is left out is not there yet where something else in the group is wrong.
    if (admin.host === (listen.host ?? '127.0.0.1')) fault(['admin', 'port'], 'is the port of listen already');
  }
  // What else may stand there is a shared store, if a wrong one.
  if (tokenStore === undefined || tokenStore === 'memory')
    for (const [name, credential] of Object.entries(credentials))
      if (credential?.type === 'refresh_token')
        keepingRules(credential, (path, message) => fault(['credentials', name, ...path], message));
  if (!Array.isArray(routes)) return;
  const isOwn = (origin: string): boolean => listensItself(origin, listen);
  for (const [name, credential] of Object.entries(credentials)) {
    const key = waitsForItself(name, credential ?? {}, { routes, isOwn });
    const right = key === 'issuer' ? 'authorization server' : 'token endpoint';
    if (key !== undefined)
      fault(
        ['credentials', name, key],
        `is a route of this proxy itself that waits for this very token (the address of the ${right} would be right)`,
      );
  }
  const like = nearestAmong(Object.keys(credentials));
  const seen = new Map<string, number>();
  for (const [index, route] of routes.entries()) {
    const path = ['routes', index];
    if (typeof route?.prefix === 'string') {
      const first = seen.get(route.prefix);
      if (first !== undefined) fault([...path, 'prefix'], `is the prefix of routes[${first}] already`);
      else seen.set(route.prefix, index);
    }
    const origin = route?.upstream?.origin;
    if (origin !== undefined && isOwn(origin))
      fault(
        [...path, 'upstream'],
        'is this proxy itself, by host and port of listen: requests would go round in circles (the address of the API would be right)',
      );
    if (typeof route?.credential !== 'string') continue;
    const credential = Object.hasOwn(credentials, route.credential) ? credentials[route.credential] : undefined;
    if (credential === undefined) {
      fault([...path, 'credential'], `names no credential${like(route.credential)}`);
      continue;
    }
    const injected = injectedField(credential);
    for (const name of Object.keys(route.headers?.set ?? {})) {
      if (plainName(name.toLowerCase()) === injected)
        fault([...path, 'headers', 'set', name], `is where credential "${route.credential}" puts its token`);
    }
    if (route.forwardedHeaders === true && injected !== undefined && forwardedFields.has(injected))
      fault(
        [...path, 'forwardedHeaders'],
        `decides on the field that credential "${route.credential}" puts its token into`,
      );
  }
}

/** Host and port are not there yet where something else in their group is wrong. */
function listensItself(origin: string, { host, port, socket }: NonNullable<Spelt['listen']> = {}): boolean {
  return typeof host === 'string' && typeof port === 'number' && isOwnListener(origin, { host, port, socket });
}

/** The field that a token goes into, without its disguise; none when it goes into the query. Wrong ones are told already. */
function injectedField(credential: SpeltCredential | null): string | undefined {
  const { header = 'authorization', query } = credential?.inject ?? {};
  return query === undefined && typeof header === 'string' ? plainName(header.toLowerCase()) : undefined;
}
