import type { Call, CallCarrier } from './call.ts';
import type { Deadlines } from './deadlines.ts';
import type { Destination } from './destination.ts';
import type { Addressee } from './request-writer.ts';

/** A connection to an API as those see it who share them out. */
export interface ApiCarrier extends CallCarrier {
  /** It can carry a request now, on the clock of its owner. */
  isUsable(nowMs: number): boolean;
  run(call: Call): void;
}

/** What all connections of a pool share. */
export interface ApiConnectionOwner {
  readonly destination: Destination;
  readonly addressee: Addressee;
  /** Milliseconds. `headers` counts from the last byte of the request. */
  readonly timeouts: { readonly connect: number; readonly headers: number; readonly idle: number };
  readonly deadlines: Deadlines;
  readonly nowMs: () => number;
  session: Buffer | undefined;
  /** It may carry another request. */
  freed(connection: ApiCarrier): void;
  /** It has become a tunnel, and will carry no other request. */
  upgraded(connection: ApiCarrier): void;
  /** It has gone. `call`: to be sent again, on a new one. */
  closed(connection: ApiCarrier, call: Call | undefined): void;
}
