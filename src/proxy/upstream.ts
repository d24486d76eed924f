/** Where a route's requests go. */
import type { Clock } from '../clock.ts';
import type { Send } from '../exchange.ts';
import { Pool } from '../http1/pool.ts';

export interface UpstreamOptions {
  /** `https://host` or `https://host:port`, from config alone. */
  readonly origin: string;
  /** Milliseconds. `headers` counts from the last byte of the request. */
  readonly timeouts: { readonly connect: number; readonly headers: number; readonly idle: number };
  /** How many requests may be under way at once; more wait for at most `timeouts.connect`. */
  readonly connections: number;
  /** PEM. */
  readonly tls: {
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
    readonly insecure: boolean;
  };
}

export interface Upstream {
  readonly send: Send;
  /** Breaks off whatever is under way. */
  close(): Promise<void>;
}

export function upstream({ origin, timeouts, connections, tls }: UpstreamOptions, clock: Clock): Upstream {
  // The origin is checked config, never a request's: it names a scheme, a host and perhaps a port, and nothing else.
  const { protocol, host, hostname, port } = new URL(origin);
  const secure = protocol === 'https:';
  const destination = {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    tls: secure ? tls : undefined,
  };
  const pool = new Pool({ destination, authority: host, timeouts, connections }, clock);
  return { send: pool.send, close: async () => pool.close() };
}
