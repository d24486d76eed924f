/** The client token, in any of the ways that clients can be made to send one. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Failure } from '../errors.ts';
import { FieldNames } from '../field-names.ts';
import type { Fields } from '../fields.ts';
import type { Secret } from '../secret.ts';

/**
 * Returns the field to be dropped, if the token is in one that APIs use too. Throws `client_unauthorized`. `asProxy`: we are asked as a
 * forward proxy, whose credentials are never in Authorization (RFC 9110 §11.7.1).
 */
export type ClientTokenCheck = (fields: Fields, asProxy: boolean) => FieldNames | undefined;

const authorizationField = new FieldNames(['authorization'], { twins: true });

/** `current`: what clients must send; undefined: nothing. */
export function clientTokenCheck(current: () => Secret | undefined): ClientTokenCheck {
  const isToken = comparison();
  return (fields, asProxy) => {
    const expected = current();
    if (expected === undefined) return undefined;
    const proxyAuthorization = fields.get('proxy-authorization');
    const presented = [
      fields.get('bearerway-client-token'),
      bearer(proxyAuthorization),
      basicPassword(proxyAuthorization),
    ];
    const own = fields.all('authorization');
    const inAuthorization = own.some((value) => isToken(basicPassword(value), expected));
    const isIn = presented.some((token) => isToken(token, expected)) || (inAuthorization && !asProxy);
    // Wherever the token stands, it goes no further, even where another way let the client in.
    if (isIn)
      return inAuthorization || own.some((value) => isToken(bearer(value), expected)) ? authorizationField : undefined;
    throw new Failure(
      'client_unauthorized',
      'send the client token as Bearerway-Client-Token, or as the password of a proxy or base URL',
    );
  };
}

function bearer(credentials: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(credentials ?? '')?.[1];
}

function basicPassword(credentials: string | undefined): string | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(credentials ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? undefined : pair.slice(colon + 1);
}

/** Says in constant time, whatever the lengths, whether a text is the secret, which is hashed when it is a new one. */
function comparison(): (presented: string | undefined, expected: Secret) => boolean {
  let known: { readonly secret: Secret; readonly hash: Buffer } | undefined;
  return (presented, secret) => {
    if (presented === undefined) return false;
    if (known?.secret !== secret) known = { secret, hash: digest(secret.reveal()) };
    return timingSafeEqual(digest(presented), known.hash);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
