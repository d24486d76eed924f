import { isIPv4 } from 'node:net';

/** Is what this host names on this machine, so that plain http to it leaves no network? An IPv6 address is in brackets. */
export function isLoopbackHost(host: string): boolean {
  return /^(localhost|\[::1\])$/i.test(host) || (isIPv4(host) && host.startsWith('127.'));
}
