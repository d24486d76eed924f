/** Private keys that assertions are signed with: PEM, or a JWK (RFC 7517). */
import { createPrivateKey, type KeyObject } from 'node:crypto';

const rsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
/** RFC 7518 §3.1 and RFC 8037 §3.1: those with a key pair. */
export const keyPairAlgorithms = [...rsa, 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;
/** Those with a secret that both sides know. */
export const secretAlgorithms = ['HS256', 'HS384', 'HS512'] as const;

export type KeyPairAlgorithm = (typeof keyPairAlgorithms)[number];
export type SecretAlgorithm = (typeof secretAlgorithms)[number];

export interface SigningKey {
  readonly key: KeyObject;
  readonly algorithm: KeyPairAlgorithm;
  /** The JWK's `kid`, if it has one. */
  readonly keyId: string | undefined;
}

const FEWEST_RSA_BITS = 2048;

const algorithmsOfCurve: Readonly<Record<string, readonly KeyPairAlgorithm[]>> = {
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
};

/**
 * The key in a text, and what it signs with: the algorithm that is asked for, else the JWK's `alg`, else the first that
 * fits its kind. Throws an Error whose message says what the text is instead ("is …"), and repeats nothing of it.
 */
export function signingKey(text: string, wanted?: string): SigningKey {
  const jwk = text.trimStart().startsWith('{') ? parsedJwk(text) : undefined;
  const key = privateKey(text, jwk);
  const fitting = algorithmsOf(key);
  const algorithm = wanted ?? textOf(jwk?.['alg']) ?? fitting[0];
  const found = fitting.find((each) => each === algorithm);
  if (found === undefined)
    throw new Error(`is a key that does not sign with the algorithm it is for (${fitting.join(', ')} would be right)`);
  return { key, algorithm: found, keyId: textOf(jwk?.['kid']) };
}

type Jwk = Readonly<Record<string, unknown>>;

function parsedJwk(text: string): Jwk {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error('is neither PEM nor JSON (a JWK would be right)');
  }
  // It begins with a brace.
  const jwk = parsed as Jwk;
  if (jwk['keys'] !== undefined) throw new Error('is a set of JWKs (the one private key among them would be right)');
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') throw new Error('is a JWK that is not for signatures ("use")');
  return jwk;
}

function privateKey(text: string, jwk: Jwk | undefined): KeyObject {
  try {
    return createPrivateKey(jwk === undefined ? text : { key: jwk, format: 'jwk' });
  } catch {
    if (jwk !== undefined) throw new Error('is no private key as a JWK ("kty", "d" and the members of its kind)');
    if (/ENCRYPTED/.test(text)) throw new Error('is a private key with a passphrase (one without would be right)');
    throw new Error('is no private key: neither PEM ("-----BEGIN PRIVATE KEY-----") nor a JWK');
  }
}

function algorithmsOf(key: KeyObject): readonly KeyPairAlgorithm[] {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  const tooSmall = modulusLength < FEWEST_RSA_BITS;
  if (key.asymmetricKeyType === 'rsa' && tooSmall)
    throw new Error(`is an RSA key of fewer than ${FEWEST_RSA_BITS} bits (RFC 7518 §3.3)`);
  if (key.asymmetricKeyType === 'rsa') return rsa;
  if (key.asymmetricKeyType === 'ed25519') return ['EdDSA'];
  const ofCurve = key.asymmetricKeyType === 'ec' ? algorithmsOfCurve[namedCurve] : undefined;
  if (ofCurve === undefined)
    throw new Error('is a key of a kind that signs no JWT here (RSA, P-256, P-384, P-521 or Ed25519 would be right)');
  return ofCurve;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
