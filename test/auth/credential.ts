import { stringify } from 'yaml';
import { parseConfig } from '../../src/config/load.ts';
import type { CredentialConfig } from '../../src/config/schema.ts';
import { CLIENT_ID, CLIENT_SECRET } from '../support/canary.ts';

/** The options of a credential as `proxy.yaml` spells them, with the defaults of what it leaves out. */
export function credentialOf(spelt: Readonly<Record<string, unknown>> = {}): CredentialConfig {
  const given = {
    tokenUrl: 'https://id.example.com/token',
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    ...spelt,
  };
  const { credentials } = parseConfig(
    stringify({
      credentials: { main: given },
      routes: [{ prefix: '/', upstream: 'https://api.example.com', credential: 'main' }],
    }),
    { file: 'proxy.yaml', env: {} },
  );
  const { main } = credentials;
  if (main === undefined) throw new Error('the config lost its credential');
  return main;
}
