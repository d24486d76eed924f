import * as z from 'zod';
import { forwardedFields } from '../own-fields.ts';
import { pathProblem } from './paths.ts';
import {
  duration,
  everywhere,
  type Fault,
  fieldValue,
  flag,
  freeFieldName,
  group,
  integer,
  notAGroup,
  optional,
  pem,
  size,
  text,
  withDefault,
} from './scalars.ts';
import { type SpeltTls, tlsRules } from './tls.ts';
import { type UpstreamAddress, upstreamAddress } from './urls.ts';

const prefix = text
  .regex(/^\/(?:[A-Za-z0-9._~!$&'()*+,;=:@%-]+(?:\/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*)?$/, {
    error: 'is not a prefix of whole segments (such as /crm or /crm/v2, without a slash at its end)',
  })
  .superRefine((given, context) => {
    const problem = pathProblem(given);
    // The other characters are told above.
    if (problem !== undefined && /[%.]/.test(given)) context.addIssue(problem);
  });

const method = text
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'is not a method' })
  .refine((name) => !['TRACE', 'CONNECT'].includes(name.toUpperCase()), {
    error: 'can never be allowed (TRACE echoes the token, CONNECT is a tunnel)',
  })
  .refine((name) => !isOrdinary(name.toUpperCase()) || isOrdinary(name), {
    error: 'is in lower case, which is another method (RFC 9110 §9.1; GET would be right, not get)',
  });

function isOrdinary(name: string): boolean {
  return ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].includes(name);
}

const pathPattern = text
  .regex(/^\//, { error: 'does not begin with a slash (such as /v1/**)' })
  .refine((given) => /^[\x21-\x7e]*$/.test(given) && !/[?#\\]/.test(given), {
    error: 'has a character that no path of a request has (no query, no "#"; others as they are encoded: %C3%A9)',
  });

/** Requests below a prefix, and where they go. */
export function routeSchema(folder: string) {
  return z
    .strictObject(
      {
        prefix,
        upstream: upstreamAddress,
        credential: optional(text),
        stripPrefix: withDefault(flag, true),
        methods: optional(
          z
            .array(method, { error: 'is not a list' })
            .min(1, { error: 'is an empty list, which allows nothing (leave it out to allow all)' }),
        ),
        paths: optional(
          z
            .array(pathPattern, { error: 'is not a list' })
            .min(1, { error: 'is an empty list, which allows nothing (leave it out to allow all)' }),
        ),
        headers: group({
          set: withDefault(
            z.record(freeFieldName, fieldValue, { error: 'is not a group of field names and values' }),
            {},
          ),
          remove: withDefault(z.array(freeFieldName, { error: 'is not a list' }), []),
        }),
        timeouts: group({
          connect: withDefault(duration, '10s'),
          headers: withDefault(duration, '60s'),
          idle: withDefault(duration, '5m'),
        }),
        retry: group({
          statuses: withDefault(z.array(integer(400, 599), { error: 'is not a list of statuses' }), [401]),
          maxBody: withDefault(size, '1MiB'),
        }),
        connections: withDefault(integer(1, 65_535), 256),
        websocket: withDefault(flag, true),
        forwardedHeaders: withDefault(flag, false),
        forward: withDefault(flag, true),
        plaintext: withDefault(flag, false),
        tls: group({
          ca: optional(pem(folder)),
          cert: optional(pem(folder)),
          key: optional(pem(folder)),
          insecure: withDefault(flag, false),
        }),
      },
      { error: notAGroup },
    )
    .check(everywhere(rules));
}

/** The path at the upstream that everything goes below: a prefix that is kept is part of it. */
export function basePathOf(route: {
  readonly prefix: string;
  readonly upstream: Pick<UpstreamAddress, 'basePath'>;
  readonly stripPrefix: boolean;
}): string {
  const { prefix, upstream, stripPrefix } = route;
  return stripPrefix || prefix === '/' ? upstream.basePath : `${upstream.basePath}${prefix}`;
}

interface Spelt {
  readonly upstream?: UpstreamAddress;
  readonly plaintext?: boolean;
  readonly forwardedHeaders?: boolean;
  readonly headers?: { readonly set?: Readonly<Record<string, string>>; readonly remove?: readonly unknown[] };
  readonly tls?: SpeltTls | null;
}

function rules({ upstream, plaintext, forwardedHeaders, headers, tls }: Spelt, fault: Fault): void {
  if (upstream?.exposed === true && plaintext !== true) {
    fault(
      ['upstream'],
      'is plain http to another machine, where anyone between can read the token (https, or plaintext: true)',
    );
  }
  if (forwardedHeaders === true) {
    const refuse = (name: unknown, key: PropertyKey[]): void => {
      if (typeof name === 'string' && forwardedFields.has(name))
        fault(['headers', ...key], 'is a field that forwardedHeaders decides on');
    };
    for (const name of Object.keys(headers?.set ?? {})) refuse(name, ['set', name]);
    for (const [index, name] of Object.entries(headers?.remove ?? [])) refuse(name, ['remove', Number(index)]);
  }
  const { ca, cert, key, insecure } = tls ?? {};
  if (
    upstream?.origin?.startsWith('http:') === true &&
    (ca ?? cert ?? key ?? (insecure === true || undefined)) !== undefined
  )
    fault(['tls'], 'is for an upstream with https');
  tlsRules(tls ?? {}, fault);
}
