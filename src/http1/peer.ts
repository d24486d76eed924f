import type { Socket } from 'node:net';

/** Who is at the other end: `address:port`, `[address]:port`. */
export function peerOf({ remoteAddress, remotePort }: Socket): string {
  if (remoteAddress === undefined) return 'gone';
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}
