import { injection } from '../auth/injection.ts';
import type { RemoteTokens } from '../auth/remote-source.ts';
import type { Config } from '../config/schema.ts';
import type { Credentials, UsedCredential } from './credentials.ts';

/** Kept by another process, which is the one that is asked whether they are well. */
export async function remoteCredentials({ credentials }: Config, tokens: RemoteTokens): Promise<Credentials> {
  const used = Object.entries(credentials).map(([name, { inject }]): [string, UsedCredential] => [
    name,
    { source: tokens.source(name), injection: injection(inject) },
  ]);
  const byName = new Map(used);
  return {
    get: (name) => byName.get(name),
    unready: () => [],
    notes: () => [],
    start() {},
    async close() {},
  };
}
