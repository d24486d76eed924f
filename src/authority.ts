/** Authorities of URLs (RFC 3986 §3.2) as they are compared: by host and port. Nothing is looked up. */
import { isIPv6, SocketAddress } from 'node:net';

export interface Authority {
  /** As it came. */
  readonly text: string;
  /** In lower case, without a dot at its end; an IPv6 address is in brackets and spelt as short as it can be. */
  readonly host: string;
  /** Undefined where none is spelt. */
  readonly port: number | undefined;
}

/** Of an absolute URL that a client asks for: `http` or `https`. */
export interface AskedAuthority extends Authority {
  readonly scheme: string;
}

/** RFC 9110 §4.3.1; the host as in {@link Authority}. */
export interface Origin {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
}

/** RFC 3986 §3.2.2, no longer than a name can be; encoded, it holds no control character. */
const pattern = /^((?:[A-Za-z0-9._~!$&'()*+,;=-]|%[2-9A-Fa-f][0-9A-Fa-f]){1,255}|\[[0-9A-Fa-f:.]+\])(?::(\d{0,5}))?$/;

/** Undefined for what is none: user information, too, is none of a host's. */
export function parseAuthority(text: string): Authority | undefined {
  const [, host, port = ''] = pattern.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) return undefined;
  return { text, host: comparableHost(host), port: port === '' ? undefined : Number(port) };
}

/** A host as it is compared; a name is not decoded. */
export function comparableHost(host: string): string {
  const lower = host.toLowerCase();
  if (!lower.startsWith('[')) return lower.replace(/\.$/, '');
  const address = lower.slice(1, -1);
  return isIPv6(address) ? `[${new SocketAddress({ address, family: 'ipv6' }).address}]` : lower;
}

/** The scheme's own port where none is spelt. */
export function originOf(scheme: string, { host, port }: Authority): Origin {
  const lower = scheme.toLowerCase();
  return { scheme: lower, host, port: port ?? defaultPort(lower) };
}

/** Of an address in the config, `https://host` or `https://host:port`. */
export function configuredOrigin(address: string): Origin {
  const { protocol, hostname, port } = new URL(address);
  const scheme = protocol.slice(0, -1);
  return { scheme, host: comparableHost(hostname), port: port === '' ? defaultPort(scheme) : Number(port) };
}

export function isSameOrigin(one: Origin, other: Origin): boolean {
  return one.scheme === other.scheme && one.host === other.host && one.port === other.port;
}

/**
 * What clients ask for an origin by: over `http://` its own host and port, and for a scheme's own port that of http as
 * well. Over `https://` only what is spoken to by that: nothing of it goes on in plain text.
 */
export function askedFor({ scheme, host, port }: Origin): readonly string[] {
  const places = [`http://${host}:${port}`];
  if (scheme === 'https') places.push(`https://${host}:${port}`);
  if (port === defaultPort(scheme) && port !== 80) places.push(`http://${host}:80`);
  return places;
}

/** What a client asks for, as in {@link askedFor}. */
export function asked(authority: AskedAuthority): string {
  const { scheme, host, port } = originOf(authority.scheme, authority);
  return `${scheme}://${host}:${port}`;
}

function defaultPort(scheme: string): number {
  return scheme === 'https' ? 443 : 80;
}
