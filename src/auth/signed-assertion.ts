import type { KeyObject } from 'node:crypto';

/** Seconds. Some servers take no longer one (RFC 7523 §3 leaves it to them); it is used at once. */
const LIFETIME_S = 60;

export interface Signer {
  readonly algorithm: string;
  /** A shared secret is bytes. */
  readonly key: KeyObject | Uint8Array;
  readonly keyId?: string | undefined;
}

export interface AssertionMoment {
  readonly wallMs: number;
  /** Never the same twice. */
  readonly id: string;
}

/** A JWT with these claims and times of its own: RFC 7523 §3. */
export async function signedAssertion(
  claims: Readonly<Record<string, unknown>>,
  { algorithm, key, keyId }: Signer,
  { wallMs, id }: AssertionMoment,
): Promise<string> {
  // Loaded where it is asked for.
  const { SignJWT } = await import('jose');
  const nowS = Math.floor(wallMs / 1000);
  return await new SignJWT({ ...claims, jti: id, iat: nowS, exp: nowS + LIFETIME_S })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
    .sign(key);
}
