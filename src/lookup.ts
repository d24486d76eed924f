/** Finds the addresses of names, without those that no API has. */
import { type LookupAddress, lookup as lookUp } from 'node:dns';
import { BlockList, isIPv6, type LookupFunction } from 'node:net';

/**
 * Of the same link alone (RFC 3927, RFC 4291 §2.5.6), where clouds keep what gives out the machine's own credentials; and
 * where else they do: AWS and Google in IPv6, Alibaba. Whoever has a say in a name's addresses could lead us there.
 */
const nearby = new BlockList();
// An IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) is checked as what it is.
nearby.addSubnet('169.254.0.0', 16, 'ipv4');
nearby.addAddress('100.100.100.200', 'ipv4');
nearby.addSubnet('fe80::', 10, 'ipv6');
nearby.addAddress('fd00:ec2::254', 'ipv6');
nearby.addAddress('fd20:ce::254', 'ipv6');
// By way of a translator: RFC 6052 §2.1, RFC 3056 §2; and as RFC 4291 §2.5.5.1 once had it.
nearby.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
nearby.addSubnet('2002:a9fe::', 32, 'ipv6');
nearby.addSubnet('::a9fe:0', 112, 'ipv6');

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
