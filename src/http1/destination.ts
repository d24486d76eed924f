import type { ClientTls, TlsIdentity } from '../client-tls.ts';
import type { Egress, EgressProxy } from '../egress.ts';

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

export interface WayThere {
  readonly egress: Egress;
  readonly tls: TlsIdentity & { readonly insecure?: boolean };
}

/** `origin`: `https://host` or `https://host:port`, from config alone, and never a request's. */
export function destinationOf(origin: string, { egress, tls }: WayThere): Destination {
  const { protocol, hostname, port } = new URL(origin);
  const secure = protocol === 'https:';
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    tls: secure ? egress.tls(tls, tls.insecure) : undefined,
    proxy: egress.proxyFor(origin),
  };
}
