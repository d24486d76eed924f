/** Where a route's requests go. */
import type { TlsIdentity } from '../client-tls.ts';
import type { Clock } from '../clock.ts';
import { Egress } from '../egress.ts';
import type { Send } from '../exchange.ts';
import { destinationOf } from '../http1/destination.ts';
import { Pool } from '../http1/pool.ts';

export interface UpstreamOptions {
  /** `https://host` or `https://host:port`, from config alone. */
  readonly origin: string;
  /** Milliseconds. `headers` counts from the last byte of the request. */
  readonly timeouts: { readonly connect: number; readonly headers: number; readonly idle: number };
  /** How many requests may be under way at once; more wait for at most `timeouts.connect`. */
  readonly connections: number;
  readonly tls: TlsIdentity & { readonly insecure: boolean };
  /** Left out: straight there. */
  readonly egress?: Egress;
}

export interface Upstream {
  readonly send: Send;
  /** Keeps no connection for later any more. What is under way goes on, and what comes is served. */
  retire(): void;
  /** Breaks off whatever is under way. */
  close(): Promise<void>;
}

export function upstream(options: UpstreamOptions, clock: Clock): Upstream {
  const { origin, timeouts, connections, tls, egress = Egress.direct } = options;
  const destination = destinationOf(origin, { egress, tls });
  const authority = new URL(origin).host;
  const pool = new Pool({ destination, authority, timeouts, connections }, clock);
  if (destination.proxy === undefined || destination.tls !== undefined)
    return { send: pool.send, retire: () => pool.retire(), close: async () => pool.close() };
  // Plain HTTP: requests are the proxy's to pass on, as clients do it. An upgrade would end there: RFC 6455 §4.1.
  const passedOn = new Pool(
    { destination: { ...destination, forwarded: true }, authority, timeouts, connections },
    clock,
  );
  return {
    send: (request, ...rest) => (request.upgrade === undefined ? passedOn : pool).send(request, ...rest),
    retire() {
      passedOn.retire();
      pool.retire();
    },
    async close() {
      passedOn.close();
      pool.close();
    },
  };
}
