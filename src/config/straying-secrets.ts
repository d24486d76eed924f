/** A secret from the environment beside an address that is only the default: it would go to where no real one belongs. */
import { type Document, isMap, isScalar } from 'yaml';
import { isLoopbackHost } from '../loopback.ts';
import { defaulted, type Environment } from './environment.ts';

const addressKeys = ['baseUrl', 'tokenUrl', 'issuer'];
const secretKeys = [
  'clientSecret',
  'password',
  'refreshToken',
  'privateKey',
  'assertion',
  'subjectToken',
  'actorToken',
];

/**
 * Where both have a default they are meant to be set together: `${NITRO_URL:-http://127.0.0.1:9100}` and
 * `${NITRO_CLIENT_SECRET:-sandbox-secret}`. On this machine anything may listen there by now. A secret without a default
 * belongs to the address as it is written.
 */
export function strayingSecrets(
  document: Document,
  env: Environment,
  fault: (path: PropertyKey[], message: string) => void,
): void {
  const credentials = isMap(document.contents) ? document.contents.get('credentials', true) : undefined;
  if (!isMap(credentials)) return;
  const isSet = ({ name }: { readonly name: string }): boolean => Object.hasOwn(env, name) && Boolean(env[name]);
  for (const { key, value: credential } of credentials.items) {
    const given = (name: string) => {
      const node = isMap(credential) ? credential.get(name, true) : undefined;
      const found = isScalar(node) && typeof node.value === 'string' ? defaulted(node.value) : undefined;
      return found === undefined ? [] : [{ ...found, path: ['credentials', String(key), name] }];
    };
    const [address] = addressKeys.flatMap(given);
    if (address === undefined || isSet(address) || !isLoopbackHost(URL.parse(address.fallback)?.hostname ?? ''))
      continue;
    for (const secret of secretKeys.flatMap(given).filter(isSet))
      fault(
        secret.path,
        `comes from ${secret.name}, and would go to the default of ${address.name} on this machine, as that is not set (set both or neither)`,
      );
  }
}
