/** What an issuer's metadata says, in the words of `proxy.yaml`. */
import { Discovery, type ServerDescription } from '../auth/discovery.ts';
import { tokenEndpoint } from '../auth/token-endpoint.ts';
import type { TlsIdentity } from '../client-tls.ts';
import { systemClock } from '../clock.ts';
import type { Egress } from '../egress.ts';

export interface IssuerOptions {
  readonly issuer: string;
  readonly tls: TlsIdentity;
  readonly egress: Egress;
  /** The token endpoint that is wanted is the one for clients that show a certificate (RFC 8705 §5). */
  readonly mutualTls?: boolean;
}

const TIMEOUT_MS = 10_000;

/** Rejects with a Failure: `token_unavailable` or `token_invalid`. */
export async function describeIssuer({
  issuer,
  tls,
  egress,
  mutualTls = false,
}: IssuerOptions): Promise<ServerDescription> {
  const endpoint = tokenEndpoint({ tls, request: { timeout: TIMEOUT_MS } }, egress);
  try {
    const discovery = new Discovery({ issuer, mutualTls }, endpoint, systemClock);
    return await discovery.describe(AbortSignal.timeout(TIMEOUT_MS));
  } finally {
    await endpoint.close();
  }
}

export type ConfidentialAuth = 'basic' | 'post' | 'private_key_jwt' | 'client_secret_jwt' | 'tls';

/** By the names of RFC 7591 §2, OpenID Connect Core §9 and RFC 8705 §2; those that are easiest to begin with first. */
const words: readonly (readonly [name: string, clientAuth: ConfidentialAuth])[] = [
  ['client_secret_basic', 'basic'],
  ['client_secret_post', 'post'],
  ['private_key_jwt', 'private_key_jwt'],
  ['client_secret_jwt', 'client_secret_jwt'],
  ['tls_client_auth', 'tls'],
  ['self_signed_tls_client_auth', 'tls'],
];

/** What of it can stand in `clientAuth`. RFC 8414 §2: a server that does not say takes client_secret_basic. */
export function clientAuthOf({ authMethods = ['client_secret_basic'] }: ServerDescription): ConfidentialAuth[] {
  return [...new Set(words.filter(([name]) => authMethods.includes(name)).map(([, clientAuth]) => clientAuth))];
}
