import { type LoggedRequest, levelOf } from './request-log.ts';

/** A request as the log tells of it. */
export interface ToldRequest extends LoggedRequest {
  /** RFC 3339. */
  readonly time: string;
  readonly level: string;
}

/** So many are remembered. */
const MOST = 100;

/** As it stands in the log: in microseconds at most. */
export function toldRequest(request: LoggedRequest, wallMs: number): ToldRequest {
  const { requestId, route, method, path, status, durationMs, upstreamMs, retry, credential } = request;
  const { bytesIn, bytesOut, client, error, reason } = request;
  return {
    time: new Date(wallMs).toISOString(),
    level: levelOf(error),
    ...{ requestId, route, method, path, status },
    durationMs: rounded(durationMs),
    upstreamMs: upstreamMs === undefined ? undefined : rounded(upstreamMs),
    ...{ retry, credential, bytesIn, bytesOut, client, error, reason },
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Remembers the latest requests that are over. */
export class LatestRequests {
  readonly #requests: LoggedRequest[] = [];
  readonly #wallMs = new Float64Array(MOST);
  #count = 0;

  observe(request: LoggedRequest, wallMs: number): void {
    const at = this.#count % MOST;
    this.#requests[at] = request;
    this.#wallMs[at] = wallMs;
    this.#count += 1;
  }

  /** How many there ever were. */
  get count(): number {
    return this.#count;
  }

  /** The newest first; `most`: no more of them. */
  read(most = MOST): ToldRequest[] {
    const told: ToldRequest[] = [];
    for (let back = 1; back <= Math.min(this.#count, MOST, most); back += 1) {
      const at = (this.#count - back) % MOST;
      const request = this.#requests[at];
      if (request !== undefined) told.push(toldRequest(request, this.#wallMs[at] ?? 0));
    }
    return told;
  }
}
