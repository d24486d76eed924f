import type { OpenCredentials } from './credentials.ts';
import type { OpenPorts } from './ports.ts';

/** In what a proxy that is one process and a worker of several differ. */
export interface Parts {
  /** Ours in `Bearerway-Hop`. */
  readonly hopId: string;
  readonly openCredentials: OpenCredentials;
  readonly openPorts: OpenPorts;
}
