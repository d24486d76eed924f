/** Who asks for a token, and how that is proved to the token endpoint: RFC 6749 §2.3, RFC 7523 §2.2, RFC 8705 §2. */
import type { SecretSource } from '../../secret.ts';
import { keyPairAlgorithms } from '../../signing-key.ts';
import { type Fault, optional, text, withDefault, words } from '../scalars.ts';
import type { SpeltTls } from '../tls.ts';
import { privateKeyKeys, privateKeyRules, type SpeltKey } from './private-key.ts';
import { isSpelt, type SpeltSecret, secretKeys, secretOf, secretRules } from './secrets.ts';

const confidential = ['basic', 'post', 'client_secret_jwt', 'private_key_jwt', 'tls'] as const;
const styles = [...confidential, 'none'] as const;

/** All but `clientId`, which only some grants can do without. */
function proofKeys(folder: string) {
  return {
    ...secretKeys('clientSecret', folder),
    basicEncoding: withDefault(words('form', 'raw'), 'form'),
    ...privateKeyKeys(folder),
    clientAssertionAudience: optional(text),
  };
}

/** A client that can keep a secret. */
export function confidentialClientKeys(folder: string) {
  return { clientId: text, clientAuth: withDefault(words(...confidential), 'basic'), ...proofKeys(folder) };
}

/** Any client: a public one, which says no more than who it is, and none at all. */
export function clientKeys(folder: string) {
  return {
    clientId: optional(text),
    clientAuth: withDefault(words(...styles), 'basic'),
    ...proofKeys(folder),
  };
}

export interface SpeltClient extends SpeltSecret<'clientSecret'>, SpeltKey {
  readonly clientId?: unknown;
  readonly clientAuth?: unknown;
  readonly basicEncoding?: unknown;
  readonly clientAssertionAudience?: unknown;
  readonly tls?: SpeltTls | null;
}

export interface ClientRuleOptions {
  /** A provider's options stand under those that are spelt, so that one without a use is nobody's fault. */
  readonly preset?: boolean;
  /** The grant signs with the private key, too. */
  readonly signs?: boolean;
}

const withSecret: readonly string[] = ['basic', 'post', 'client_secret_jwt'];
const withKey: readonly string[] = ['private_key_jwt'];
const withAssertion: readonly string[] = ['client_secret_jwt', 'private_key_jwt'];

/** Which styles an option is for; those of a key are for a grant that signs as well. */
const uses = {
  clientSecret: withSecret,
  clientSecretFile: withSecret,
  privateKey: withKey,
  privateKeyFile: withKey,
  keyId: withKey,
  algorithm: withAssertion,
  clientAssertionAudience: withAssertion,
} as const;
const ofKey: readonly string[] = ['privateKey', 'privateKeyFile', 'keyId', 'algorithm'];

export function clientRules(
  spelt: SpeltClient,
  { preset = false, signs = false }: ClientRuleOptions,
  fault: Fault,
): void {
  const { clientId, clientAuth, basicEncoding, algorithm, tls } = spelt;
  const anonymous = clientId === undefined;
  if (anonymous && (clientAuth !== 'basic' || basicEncoding !== 'form' || isSpelt('clientSecret', spelt))) {
    fault(['clientId'], 'is required (whose secret, key or certificate is it?)');
    return;
  }
  const style = anonymous ? 'none' : styles.find((each) => each === clientAuth);
  const [needsSecret, needsKey] = [withSecret, withKey].map((some) => style !== undefined && some.includes(style));
  secretRules('clientSecret', { spelt, required: needsSecret === true }, fault);
  secretRules('privateKey', { spelt, required: needsKey === true }, fault);
  if (needsKey === true || signs) privateKeyRules(spelt, fault);
  // One that is unknown is told already.
  if (style === undefined) return;
  if (style === 'basic' && basicEncoding === 'raw' && typeof clientId === 'string' && clientId.includes(':'))
    fault(['clientId'], 'has a ":", where the secret would begin (basicEncoding: form encodes it)');
  if (!preset && basicEncoding === 'raw' && style !== 'basic') fault(['basicEncoding'], 'is for clientAuth: basic');
  for (const [option, users] of Object.entries(uses)) {
    // Object.entries forgets the names.
    const isIdle = spelt[option as keyof typeof uses] !== undefined && !users.includes(style);
    if (isIdle && !(signs && ofKey.includes(option))) fault([option], `is for clientAuth: ${users.join(', ')}`);
  }
  if (style === 'client_secret_jwt' && !signs && keyPairAlgorithms.some((each) => each === algorithm))
    fault(['algorithm'], 'is for a private key (with client_secret_jwt HS256, HS384 or HS512 would be right)');
  if (style === 'tls' && tls?.cert === undefined)
    fault(['tls'], 'needs cert and key for clientAuth: tls (the certificate is what the client is known by)');
}

/** The secrets among the keys of a client, as sources. */
export function clientOf<T extends SpeltSecret<'clientSecret'> & SpeltSecret<'privateKey'>>({
  clientSecret,
  clientSecretFile,
  privateKey,
  privateKeyFile,
  ...rest
}: T): Omit<T, 'clientSecret' | 'clientSecretFile' | 'privateKey' | 'privateKeyFile'> & {
  readonly clientSecret: SecretSource | undefined;
  readonly privateKey: SecretSource | undefined;
} {
  return {
    ...rest,
    clientSecret: secretOf('clientSecret', { clientSecret, clientSecretFile }),
    privateKey: secretOf('privateKey', { privateKey, privateKeyFile }),
  };
}
