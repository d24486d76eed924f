/** The token endpoint does not know the client, or not in the way in which it is shown. */
import type { Finding, GrantConfig, Refusal } from './symptoms.ts';

export function aboutClient({ options, authMethods = [] }: Refusal): Finding {
  if (options.clientId === undefined)
    return { what: 'it wants to know the client', remedy: 'clientId, and its clientAuth' };
  const { clientAuth } = options;
  const what = `it does not know the client by what is shown, or wants it shown another way than clientAuth: ${clientAuth}`;
  if (authMethods.length > 0 && !authMethods.includes(clientAuth))
    return { what, remedy: `clientAuth: ${authMethods.join(' or ')}, as the issuer's metadata says` };
  // A provider's own way is from its pages: what the user gave is the more likely fault.
  const isPreset = 'provider' in options && options.provider !== undefined;
  return { what, remedy: clientRemedy(options, isPreset || authMethods.includes(clientAuth)) };
}

/** `isTaken`: the way in which the client is shown is one that the server takes. */
function clientRemedy({ clientAuth, basicEncoding }: GrantConfig, isTaken: boolean): string {
  switch (clientAuth) {
    case 'basic': {
      const other = `basicEncoding: ${basicEncoding === 'form' ? 'raw' : 'form'}, if id or secret have other characters than letters and digits`;
      return isTaken ? `${given}; else ${other}` : `clientAuth: post; or ${other}; else ${given}`;
    }
    case 'post':
      return isTaken ? given : `clientAuth: basic; else ${given}`;
    case 'client_secret_jwt':
      return `clientAssertionAudience: the issuer; else ${given}, algorithm, and that the client is registered for it`;
    case 'private_key_jwt':
      return 'clientAssertionAudience: the issuer; else look at clientId and keyId, and that the public key is registered for the client';
    case 'tls':
      return 'look at clientId, and that the certificate of tls.cert is registered for the client; tokenUrl may have to be the one for mutual TLS';
    case 'none':
      return 'look at clientId; or show the proof that the server wants (clientAuth: basic with a clientSecret, say)';
  }
}

const given = 'look at clientId and clientSecret (an environment variable may hold an old one)';
