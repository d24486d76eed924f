/** Where tokens are asked for: named, or found by way of the authorization server's metadata (RFC 8414). */
import { type Fault, group, optional, pem } from '../scalars.ts';
import { type SpeltTls, tlsRules } from '../tls.ts';
import { issuerAddress, tokenEndpoint } from '../urls.ts';

export function endpointKeys(folder: string) {
  return {
    tokenUrl: optional(tokenEndpoint),
    issuer: optional(issuerAddress),
    tls: group({ ca: optional(pem(folder)), cert: optional(pem(folder)), key: optional(pem(folder)) }),
  };
}

export interface SpeltEndpoint {
  readonly tokenUrl?: unknown;
  readonly issuer?: unknown;
  readonly tls?: SpeltTls | null;
}

/** `instead`: what else may say where it is, if it is not there. */
export function endpointRules(
  { tokenUrl, issuer, tls }: SpeltEndpoint,
  instead: string | undefined,
  fault: Fault,
): void {
  if (tokenUrl !== undefined && issuer !== undefined)
    fault(['issuer'], 'stands beside tokenUrl (one of them would be right)');
  if (tokenUrl === undefined && issuer === undefined && instead !== undefined)
    fault(['tokenUrl'], `is required (or ${instead})`);
  tlsRules(tls ?? {}, fault);
}
