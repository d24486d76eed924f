/** Fields of requests that the proxy itself decides on: what a client says of them does not go on, and a config cannot. */

/** Fields that speak of one connection only (RFC 9110 §7.6.1), or of framing, which is the sender's own. */
export const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Framing and authority are made anew, expectations are met here, the client token is for us alone. */
export const unforwardedFields: ReadonlySet<string> = new Set([
  ...connectionFields,
  ...['host', 'content-length', 'expect', 'bearerway-client-token'],
]);

/** Ours on a route that wants them. */
export const forwardedFields: ReadonlySet<string> = new Set([
  ...['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'],
]);

const ownFields: ReadonlySet<string> = new Set([...unforwardedFields, 'bearerway-hop', 'x-request-id']);

/** Is it, in any spelling, a field that no config can set, remove or put a token into? */
export function isOwnField(name: string): boolean {
  return ownFields.has(plainName(name.toLowerCase()));
}

/**
 * A name in lower case without its disguise: its twins, spelt with other characters (`transfer_encoding`,
 * `authorization_`), as the servers see them that fold them.
 */
export function plainName(name: string): string {
  if (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return name;
  return name.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
}
