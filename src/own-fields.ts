/** Fields of requests that the proxy itself decides on: what a client says of them does not go on, and a config cannot. */
import { FieldNames } from './field-names.ts';

/** Fields that speak of one connection only (RFC 9110 §7.6.1), or of framing, which is the sender's own. */
export const connectionFields: readonly string[] = [
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
];

/** Framing and authority are made anew, expectations are met here, the client token is for us alone. */
export const unforwardedFields: readonly string[] = [
  ...connectionFields,
  ...['host', 'content-length', 'expect', 'bearerway-client-token'],
];

/** Ours on a route that wants them. */
export const forwardedFields = new FieldNames(
  ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'],
  { twins: true },
);

/** Those that no config can set, remove or put a token into, in any spelling. */
export const ownFields = new FieldNames([...unforwardedFields, 'bearerway-hop', 'x-request-id'], { twins: true });
