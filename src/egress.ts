/**
 * The way out: straight to an API or a token endpoint, or by way of an egress proxy. One decision for all that goes to
 * either, and one set of authorities that they are verified by.
 */
import { type ClientTls, clientTls, type TlsIdentity } from './client-tls.ts';
import { isLoopbackHost } from './loopback.ts';
import { type NoProxy, noProxy } from './no-proxy.ts';
import type { Secret } from './secret.ts';

/** Where an egress proxy is, and who we are to it. */
export interface ProxyAddress {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** TLS with the proxy itself. */
  readonly secure: boolean;
  /** The value of Proxy-Authorization (RFC 7617). */
  readonly authorization: Secret | undefined;
}

/** An egress proxy, ready to be connected to. */
export interface EgressProxy extends Pick<ProxyAddress, 'host' | 'port' | 'authorization'> {
  /** Undefined: plain HTTP. */
  readonly tls: ClientTls | undefined;
}

export interface EgressOptions {
  /** For destinations with http, and with https. */
  readonly http: ProxyAddress | undefined;
  readonly https: ProxyAddress | undefined;
  readonly noProxy: readonly string[];
  /** PEM: authorities to trust besides all others. */
  readonly ca: readonly string[];
}

export class Egress {
  /** No proxy, and nobody trusted besides the system's authorities. */
  static readonly direct = new Egress({ http: undefined, https: undefined, noProxy: [], ca: [] });

  readonly options: EgressOptions;
  readonly #http: EgressProxy | undefined;
  readonly #https: EgressProxy | undefined;
  readonly #noProxy: NoProxy;
  readonly #ca: readonly string[];
  /** Of all that have nothing of their own. */
  readonly #plainTls: ClientTls;

  constructor(options: EgressOptions) {
    const { http, https, noProxy: entries, ca } = options;
    this.options = options;
    this.#ca = ca;
    this.#plainTls = clientTls({}, ca);
    this.#noProxy = noProxy(entries);
    this.#http = http && this.#ready(http);
    this.#https = https && this.#ready(https);
  }

  #ready({ host, port, secure, authorization }: ProxyAddress): EgressProxy {
    return { host, port, authorization, tls: secure ? this.#plainTls : undefined };
  }

  /** The egress proxy on the way to an origin; undefined: there is none. Never for loopback. */
  proxyFor(origin: string): EgressProxy | undefined {
    const { protocol, hostname, port } = new URL(origin);
    const secure = protocol === 'https:';
    const proxy = secure ? this.#https : this.#http;
    if (proxy === undefined || isLoopbackHost(hostname)) return undefined;
    const at = port === '' ? (secure ? 443 : 80) : Number(port);
    return this.#noProxy.covers(hostname, at) ? undefined : proxy;
  }

  /** TLS with a destination, whichever the way there. */
  tls(identity: TlsIdentity, insecure = false): ClientTls {
    const isPlain = (identity.ca ?? identity.cert ?? identity.key) === undefined && !insecure;
    return isPlain ? this.#plainTls : clientTls(identity, this.#ca, insecure);
  }
}

/** `http://host:port`: what a log may hold of a proxy. */
export function originOf({ host, port, secure }: ProxyAddress): string {
  return `${secure ? 'https' : 'http'}://${authorityOf({ host, port })}`;
}

/** `host:port`, `[address]:port` (RFC 9112 §3.2.3). */
export function authorityOf({ host, port }: Pick<ProxyAddress, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
