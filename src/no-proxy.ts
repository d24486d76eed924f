/**
 * What goes to its destination without an egress proxy: the entries of `egress.noProxy` and NO_PROXY, in the forms that
 * curl and Node.js know. Names are compared as text: nothing is looked up.
 */
import { BlockList, isIP } from 'node:net';

/** Whether a destination is meant. `host`: a name in lower case, or an address without brackets. */
type Covers = (host: string, port: number) => boolean;

/** Destinations, as a list of entries says. */
export interface NoProxy {
  /** `host` as URLs spell it, brackets and a dot at its end included. */
  covers(host: string, port: number): boolean;
}

/** Entries that are none are left out: see {@link isNoProxyEntry}. */
export function noProxy(entries: readonly string[]): NoProxy {
  const known = entries.map(entry).filter((covers) => covers !== undefined);
  return {
    covers(host, port) {
      const bare = plain(host);
      return known.some((covers) => covers(bare, port));
    },
  };
}

export function isNoProxyEntry(text: string): boolean {
  return entry(text) !== undefined;
}

/** The entries of NO_PROXY, between commas or white space. */
export function entriesOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}

function entry(text: string): Covers | undefined {
  const [, bracketed, open = '', port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  // An IPv6 address without brackets has no port.
  const host = isIPv6Network(text) ? text : (bracketed ?? open);
  if (bracketed !== undefined && isIP(bracketed) !== 6) return undefined;
  const covered = network(host) ?? name(host);
  if (covered === undefined || port === undefined || isIPv6Network(text)) return covered;
  return Number(port) > 65_535 ? undefined : (given, at) => at === Number(port) && covered(given, at);
}

function isIPv6Network(text: string): boolean {
  return isIP(text.split('/', 1)[0] ?? '') === 6;
}

/** An address, or a block of them (CIDR, RFC 4632). */
function network(text: string): Covers | undefined {
  const [, address = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0 || Number(bits ?? 0) > (family === 4 ? 32 : 128)) return undefined;
  const list = new BlockList();
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  if (bits === undefined) list.addAddress(address, kind);
  else list.addSubnet(address, Number(bits), kind);
  return (host) => isIP(host) !== 0 && list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}

/** `*`; `*.name`: what is below it; `name` and `.name`: itself and what is below it. */
function name(text: string): Covers | undefined {
  if (text === '*') return () => true;
  const [, front, rest = ''] = /^(\*\.|\.?)((?:[\w-]+\.)*[\w-]+)\.?$/.exec(text.toLowerCase()) ?? [];
  if (front === undefined) return undefined;
  return (host) => host.endsWith(`.${rest}`) || (front !== '*.' && host === rest);
}

function plain(host: string): string {
  return host.replace(/^\[|\]$|\.$/g, '').toLowerCase();
}
