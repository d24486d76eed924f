import { networkInterfaces } from 'node:os';
import { comparableHost, configuredOrigin } from '../authority.ts';
import { isLoopbackHost } from '../loopback.ts';

/** Hosts by which this machine reaches what listens on either of its loopback addresses, as the proxy does on both. */
const loopbackHosts = ['localhost', '127.0.0.1', '[::1]', '0.0.0.0', '[::]'];

/** Where a listener of ours is. */
export interface OwnListener {
  readonly host: string;
  readonly port: number;
  /** It is there instead of host and port. */
  readonly socket?: unknown;
}

/** True if an origin is what the proxy itself listens on, as far as it can be told without a look-up. */
export function isOwnListener(origin: string, listen: OwnListener): boolean {
  const { host: named, port } = configuredOrigin(origin);
  if (listen.socket !== undefined || port !== listen.port) return false;
  const host = unmapped(named);
  const listened = unmapped(comparableHost(listen.host.includes(':') ? `[${listen.host}]` : listen.host));
  if (host === listened) return true;
  if (listened === '127.0.0.1' || listened === 'localhost') return loopbackHosts.includes(host);
  if (listened === '[::1]') return host === 'localhost' || host === '[::]';
  if (listened !== '0.0.0.0' && listened !== '[::]') return false;
  return loopbackHosts.includes(host) || isLoopbackHost(host) || addressesHere().includes(host);
}

/** An IPv4 address in the disguise of an IPv6 one (RFC 4291 §2.5.5.2) leads to the same place. */
function unmapped(host: string): string {
  return host.replace(/^\[::ffff:([\d.]+)\]$/, '$1');
}

function addressesHere(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return all.map(({ address, family }) => (family === 'IPv6' ? comparableHost(`[${address}]`) : address));
}
