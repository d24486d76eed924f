import { group, optional, pem } from '../scalars.ts';
import { tokenEndpoint } from '../urls.ts';

/** Where tokens are asked for, and how that place is known. */
export function endpointKeys(folder: string) {
  return {
    tokenUrl: optional(tokenEndpoint),
    tls: group({ ca: optional(pem(folder)), cert: optional(pem(folder)), key: optional(pem(folder)) }),
  };
}
