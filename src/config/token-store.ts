/** Where tokens are remembered: in this process, or in a Redis that several of them share. */
import * as z from 'zod';
import { decodedKey, Secret } from '../secret.ts';
import { requiredSecret, secretRules } from './credentials/secrets.ts';
import { contentOf, everywhere, flag, notAGroup, optional, secretFile, text, withDefault } from './scalars.ts';
import { isReachable } from './urls.ts';

const notAKey = '32 bytes in base64 (openssl rand -base64 32 makes some)';
const isKey = (given: string): boolean => decodedKey(given) !== undefined;

/** Looked into as well: at the first reading it would be late. */
function keyFile(folder: string) {
  return secretFile(folder).refine(
    (path) => {
      const content = contentOf(path);
      return content === undefined || isKey(content.replace(/\r?\n$/, ''));
    },
    { error: `names a file that does not hold ${notAKey}` },
  );
}

const pattern =
  /^(rediss?):\/\/(?:([^:@/?#\s]*)(?::([^@/?#\s]*))?@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(?:\/(\d{1,4})?)?$/;
const notAUrl =
  'is not the address of a Redis (such as redis://user:password@redis.internal:6379/0, rediss:// for TLS; special characters as %40)';

/** Taken apart: who we are to it is a secret, and appears nowhere. */
const redisUrl = text.transform((given, context) => {
  const [, scheme, username, password, host = '', port = '6379', database = '0'] = pattern.exec(given) ?? [];
  const [user, secret] = [decoded(username), decoded(password)];
  if (scheme === undefined || !isReachable(host, port) || user === null || secret === null) {
    context.addIssue(notAUrl);
    return z.NEVER;
  }
  return {
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port),
    tls: scheme === 'rediss',
    username: user,
    password: secret === undefined ? undefined : new Secret(secret),
    database: Number(database),
  };
});

/** Undefined: there is none; null: it cannot be decoded. */
function decoded(part: string | undefined): string | undefined | null {
  try {
    return part === undefined || part === '' ? undefined : decodeURIComponent(part);
  } catch {
    return null;
  }
}

export function tokenStoreSchema(folder: string) {
  const redis = z
    .strictObject(
      {
        url: redisUrl,
        prefix: withDefault(
          text.regex(/^[\x21-\x7e]+$/, { error: 'is not visible ASCII without spaces' }),
          'bearerway:',
        ),
        encryptionKey: optional(text.refine(isKey, { error: `is not ${notAKey}` })),
        encryptionKeyFile: optional(keyFile(folder)),
        required: withDefault(flag, false),
      },
      { error: notAGroup },
    )
    .check(everywhere((spelt, fault) => secretRules('encryptionKey', { spelt, required: true }, fault)))
    .transform(({ encryptionKey, encryptionKeyFile, ...rest }) => ({
      ...rest,
      encryptionKey: requiredSecret('encryptionKey', { encryptionKey, encryptionKeyFile }),
    }));
  return withDefault(
    z.union([z.literal('memory'), z.strictObject({ redis }, { error: notAGroup })], {
      error: 'is neither memory nor a group with redis (such as {redis: {url: …, encryptionKey: …}})',
    }),
    'memory',
  );
}
