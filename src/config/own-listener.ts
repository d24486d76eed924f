import { networkInterfaces } from 'node:os';
import { comparableHost, configuredOrigin } from '../authority.ts';
import { isLoopbackHost } from '../loopback.ts';

/** Hosts by which this machine reaches what listens on either of its loopback addresses, as the proxy does on both. */
const loopbackHosts = ['localhost', '127.0.0.1', '[::1]', '0.0.0.0', '[::]'];

/** True if an upstream is what the proxy itself listens on, as far as it can be told without a look-up. */
export function isOwnListener(upstream: string, listen: { readonly host: string; readonly port: number }): boolean {
  const { host, port } = configuredOrigin(upstream);
  if (port !== listen.port) return false;
  const listened = comparableHost(listen.host.includes(':') ? `[${listen.host}]` : listen.host);
  if (host === listened) return true;
  if (listened === '127.0.0.1' || listened === 'localhost') return loopbackHosts.includes(host);
  if (listened === '[::1]') return host === 'localhost' || host === '[::]';
  if (listened !== '0.0.0.0' && listened !== '[::]') return false;
  return loopbackHosts.includes(host) || isLoopbackHost(host) || addressesHere().includes(host);
}

function addressesHere(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return all.map(({ address, family }) => (family === 'IPv6' ? comparableHost(`[${address}]`) : address));
}
