/** Who asks for a token, and how that is proved to the token endpoint: RFC 6749 §2.3. */
import { type Fault, text, withDefault, words } from '../scalars.ts';
import { type SpeltSecret, secretKeys, secretRules } from './secrets.ts';

export function clientKeys(folder: string) {
  return {
    clientId: text,
    ...secretKeys('clientSecret', folder),
    clientAuth: withDefault(words('basic', 'post'), 'basic'),
    basicEncoding: withDefault(words('form', 'raw'), 'form'),
  };
}

export interface SpeltClient extends SpeltSecret<'clientSecret'> {
  readonly clientAuth?: unknown;
  readonly basicEncoding?: unknown;
}

/** `preset`: a provider's options stand under those that are spelt, so that one without a use is nobody's fault. */
export function clientRules(spelt: SpeltClient, preset: boolean, fault: Fault): void {
  if (!preset && spelt.clientAuth === 'post' && spelt.basicEncoding === 'raw')
    fault(['basicEncoding'], 'is for clientAuth: basic (post sends id and secret in the body)');
  secretRules('clientSecret', { spelt, required: true }, fault);
}
