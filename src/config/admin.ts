/** The admin port, and who may ask there. */
import * as z from 'zod';
import { clientTokenKeys, clientTokenOf } from './client-token.ts';
import { secretRules } from './credentials/secrets.ts';
import { allowedHosts, host } from './listen.ts';
import { everywhere, group, integer, withDefault } from './scalars.ts';

/** `false`: there is none. */
export function adminSchema(folder: string) {
  const port = group({
    host: withDefault(host, '127.0.0.1'),
    port: withDefault(integer(0, 65_535), 9090),
    allowedHosts,
    ...clientTokenKeys(folder),
  })
    .check(everywhere((spelt, fault) => secretRules('clientToken', { spelt }, fault)))
    .transform(({ clientToken, clientTokenFile, ...rest }) => ({
      ...rest,
      clientToken: clientTokenOf({ clientToken, clientTokenFile }),
    }));
  return z
    .union([z.literal(false), z.literal('false').transform(() => false as const), port], {
      error: 'is neither false nor a group of keys',
    })
    .prefault({});
}
