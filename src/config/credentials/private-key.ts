/** A key that assertions are signed with, looked at when the config is read. */
import { keyPairAlgorithms, secretAlgorithms, signingKey } from '../../signing-key.ts';
import { contentOf, type Fault, optional, text, words } from '../scalars.ts';
import { type SpeltSecret, secretKeys } from './secrets.ts';

export function privateKeyKeys(folder: string) {
  return {
    ...secretKeys('privateKey', folder),
    keyId: optional(text),
    algorithm: optional(words(...keyPairAlgorithms, ...secretAlgorithms)),
  };
}

export interface SpeltKey extends SpeltSecret<'privateKey'> {
  readonly keyId?: string | undefined;
  readonly algorithm?: unknown;
}

/** The key is one, and signs with the algorithm. */
export function privateKeyRules({ privateKey, privateKeyFile, algorithm }: SpeltKey, fault: Fault): void {
  // One that is unknown is told already.
  const wanted = [...keyPairAlgorithms, ...secretAlgorithms].find((each) => each === algorithm);
  if (privateKey !== undefined) keyRule(['privateKey'], { content: privateKey, wanted, says: '' }, fault);
  const content = typeof privateKeyFile === 'string' ? contentOf(privateKeyFile) : undefined;
  if (content !== undefined) keyRule(['privateKeyFile'], { content, wanted, says: 'names a file that ' }, fault);
}

interface LookedAt {
  readonly content: unknown;
  readonly wanted: string | undefined;
  /** Before what the content is. */
  readonly says: string;
}

function keyRule(path: PropertyKey[], { content, wanted, says }: LookedAt, fault: Fault): void {
  // What is no text is told already.
  if (typeof content !== 'string') return;
  try {
    signingKey(content, wanted);
  } catch (error) {
    fault(path, `${says}${(error as Error).message}`);
  }
}
