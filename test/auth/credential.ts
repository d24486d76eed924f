import { stringify } from 'yaml';
import { parseConfig } from '../../src/config/load.ts';
import { type ClientCredentialsConfig, ofType } from '../config/reading.ts';
import { CLIENT_ID, CLIENT_SECRET } from '../support/canary.ts';

/** The options of a credential as `proxy.yaml` spells them, with the defaults of what it leaves out. */
export function credentialOf(spelt: Readonly<Record<string, unknown>> = {}): ClientCredentialsConfig {
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
  return ofType('client_credentials', credentials['main']);
}
