/** What clients of a port must send, if they must. */
import { fileSecret, fixedSecret, type SecretSource } from '../secret.ts';
import { contentOf, optional, secretFile, text } from './scalars.ts';

export const isClientToken = (given: string): boolean => /^[\x21-\x7e]+$/.test(given);
export const notAToken = 'a client token of visible ASCII without spaces (as clients could not send another)';
const clientToken = text.refine(isClientToken, { error: `is not ${notAToken}` });

/** Looked into as well: at its first reading by the proxy it would be late. */
function clientTokenFile(folder: string) {
  return secretFile(folder).refine(
    (path) => {
      const content = contentOf(path);
      return content === undefined || isClientToken(content.replace(/\r?\n$/, ''));
    },
    { error: `names a file that does not hold ${notAToken}` },
  );
}

/** Both spellings. */
export function clientTokenKeys(folder: string) {
  return { clientToken: optional(clientToken), clientTokenFile: optional(clientTokenFile(folder)) };
}

export interface SpeltClientToken {
  readonly clientToken?: string | undefined;
  readonly clientTokenFile?: string | undefined;
}

/** Undefined: clients need none. */
export function clientTokenOf({ clientToken, clientTokenFile }: SpeltClientToken): SecretSource | undefined {
  if (clientTokenFile !== undefined)
    return fileSecret(clientTokenFile, (value) => (isClientToken(value) ? undefined : `does not hold ${notAToken}`));
  return clientToken === undefined ? undefined : fixedSecret(clientToken);
}
