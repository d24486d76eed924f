import type { ClientTls } from '../client-tls.ts';
import type { EgressProxy } from '../egress.ts';

/** Where to, by which way, and who we are. */
export interface Destination {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Undefined: plain HTTP. */
  readonly tls: ClientTls | undefined;
  /** On the way there. */
  readonly proxy?: EgressProxy | undefined;
  /** Plain HTTP alone: the proxy is sent the requests themselves, in absolute form (RFC 9112 §3.2.2), and no CONNECT. */
  readonly forwarded?: boolean;
}
