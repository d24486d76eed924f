/** Finds the addresses of names, without those that no API has. */
import { type LookupAddress, lookup as lookUp } from 'node:dns';
import { BlockList, isIPv6, type LookupFunction } from 'node:net';

/**
 * Of the same link alone (RFC 3927, RFC 4291 §2.5.6), where clouds keep what gives out the machine's own credentials; and
 * where else they do. Whoever has a say in a name's addresses could lead us there.
 */
const nearby = new BlockList();
// An IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) is checked as what it is.
nearby.addSubnet('fe80::', 10, 'ipv6');
// AWS: of instances ::254, of pods ::23, and DNS and time besides.
nearby.addSubnet('fd00:ec2::', 32, 'ipv6');
// Google.
nearby.addAddress('fd20:ce::254', 'ipv6');

const nearbyInIpv4 = [
  ['169.254.0.0', 16],
  // Alibaba.
  ['100.100.100.200', 32],
  // Oracle, before it moved to the link.
  ['192.0.0.192', 32],
  // Azure's WireServer.
  ['168.63.129.16', 32],
] as const;
for (const [address, prefix] of nearbyInIpv4) {
  nearby.addSubnet(address, prefix, 'ipv4');
  const [first, second] = groups(address);
  // By way of a translator: RFC 6052 §2.1, RFC 3056 §2; and as RFC 4291 §2.5.5.1 once had it.
  nearby.addSubnet(`64:ff9b::${first}:${second}`, 96 + prefix, 'ipv6');
  nearby.addSubnet(`2002:${first}:${second}::`, 16 + prefix, 'ipv6');
  nearby.addSubnet(`::${first}:${second}`, 96 + prefix, 'ipv6');
}

/** An IPv4 address as the two groups that it is in IPv6. */
function groups(address: string): [first: string, second: string] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return [(a * 256 + b).toString(16), (c * 256 + d).toString(16)];
}

/** Whether an address is called only where the config names it itself. */
export function isNearby(address: string): boolean {
  const bare = address.replace(/%.*$/, '');
  return nearby.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4');
}

/** As `dns.lookup`, for sockets that are to be connected, which do not ask about addresses. */
export const lookup: LookupFunction = (hostname, options, callback) => {
  const take = (error: NodeJS.ErrnoException | null, found: readonly LookupAddress[] = []): void => {
    const allowed = found.filter(({ address }) => !isNearby(address));
    const [first] = allowed;
    if (error !== null) callback(error, '');
    else if (first === undefined) callback(refusal(hostname, found), '');
    else if (options.all === true) callback(null, allowed);
    else callback(null, first.address, first.family);
  };
  lookUp(hostname, { ...options, all: true }, take);
};

/** For the log, and with a code as errors of the system have. */
function refusal(hostname: string, found: readonly LookupAddress[]): NodeJS.ErrnoException {
  const addresses = found.map(({ address }) => address).join(', ');
  const error = new Error(
    `${hostname} leads to ${addresses}, of this link or of a cloud's metadata, which a name may not (if that is meant, put the address itself in place of the name)`,
  );
  return Object.assign(error, { code: 'EADDRNEARBY' });
}
