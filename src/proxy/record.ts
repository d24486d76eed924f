import type { FailureCode } from '../errors.ts';
import type { RetryOutcome } from '../exchange.ts';

/** The status of a request whose client left before it got one, as nginx logs it. */
const CLIENT_LEFT = 499;

/** What there is to tell of one request when it is over. Never holds a token, a secret or a query string. */
export interface RequestRecord {
  readonly requestId: string;
  readonly method: string;
  /** Who asked: address and port, or `unix:`. */
  readonly client: string;
  /** The prefix of its route. */
  route?: string | undefined;
  /** As the client sent it, without the query. */
  path?: string | undefined;
  /** What the client got; 499 if it left, or was cut off at our end, before it got anything. */
  status: number;
  durationMs: number;
  /** When it was over, on the monotonic clock. */
  endedAtMs: number;
  /** How long the API took to begin the answer that went to the client. */
  upstreamMs?: number | undefined;
  /** What went before that head reached the client, and was not the API's time. */
  overheadMs?: number | undefined;
  retry?: RetryOutcome | undefined;
  credential?: string | undefined;
  /** Bytes of the body that came. */
  bytesIn: number;
  /** Bytes of the body that went out. */
  bytesOut: number;
  error?: FailureCode | 'client_left' | 'shut_down' | undefined;
  /** The words behind `error`, for the log alone. */
  reason?: string | undefined;
  /** Why it was not let through: the words to the client, which are the same for each of its kind. */
  refusal?: string | undefined;
}

/** Of a request that has just begun: as if its client left at once. */
export function newRecord({
  requestId,
  method,
  client,
}: Pick<RequestRecord, 'requestId' | 'method' | 'client'>): RequestRecord {
  // All of them, in the order of the log line: records of one shape are cheaper to write.
  return {
    requestId,
    route: undefined,
    method,
    path: undefined,
    status: CLIENT_LEFT,
    durationMs: 0,
    endedAtMs: 0,
    upstreamMs: undefined,
    overheadMs: undefined,
    retry: undefined,
    credential: undefined,
    bytesIn: 0,
    bytesOut: 0,
    client,
    error: undefined,
    reason: undefined,
    refusal: undefined,
  };
}

/** Hears of each request once, when it is over. Must not throw. */
export type RequestObserver = (record: Readonly<RequestRecord>) => void;
