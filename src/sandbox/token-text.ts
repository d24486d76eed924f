/** What the providers' tokens look like. All of them are random, and need no escape in JSON, headers and URLs. */
import { randomBytes } from 'node:crypto';

export interface Grant {
  readonly clientId: string;
  readonly scope: string | undefined;
  /** On the wall clock: what a JWT tells is a date. */
  readonly issuedAtMs: number;
  readonly lifetimeMs: number;
}

export type TokenText = (grant: Grant) => string;

/** The shape of a JWT (RFC 7519) with honest dates. Its signature is noise: nobody holds the key to check it. */
export function jwt(algorithm: string, signatureBytes: number): TokenText {
  const header = encoded({ alg: algorithm, typ: 'JWT' });
  return ({ clientId, scope, issuedAtMs, lifetimeMs }) => {
    const iat = Math.floor(issuedAtMs / 1000);
    const jti = randomBytes(16).toString('hex');
    const claims = encoded({ sub: clientId, scope, iat, exp: iat + lifetimeMs / 1000, jti });
    return `${header}.${claims}.${randomBytes(signatureBytes).toString('base64url')}`;
  };
}

export function opaqueToken(bytes: number): TokenText {
  return () => randomBytes(bytes).toString('base64url');
}

export function alphanumericToken(length: number): TokenText {
  return () => {
    let text = '';
    // What is dropped leaves too little now and then.
    while (text.length < length) text += randomBytes(length).toString('base64').replace(/[+/=]/g, '');
    return text.slice(0, length);
  };
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
