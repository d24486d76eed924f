import { Failure } from '../errors.ts';
import type { Destination } from './destination.ts';

/** Errors of finding the way there. */
const noWay =
  /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ETIMEDOUT|EACCES|EPERM|EADDRNEARBY)$/;

export function isNoWay(error: Error): boolean {
  return noWay.test(codeOf(error));
}

/** The fault is ours: nobody was asked. Undefined for any other error. */
export function outOfFiles(error: Error): Failure | undefined {
  if (!/^E[MN]FILE$/.test(codeOf(error))) return undefined;
  const detail =
    'the proxy has as many files and connections open as the system lets it (raise that limit: ulimit -n, LimitNOFILE=)';
  return new Failure('overloaded', detail, { cause: error, retryAfterMs: 1000 });
}

/** Why no connection straight to an API came about. */
export function dialFailure(error: Error, { tls }: Pick<Destination, 'tls'>): Failure {
  const full = outOfFiles(error);
  if (full !== undefined) return full;
  if (tls !== undefined && !isNoWay(error)) {
    const detail = 'the identity of the API could not be verified, or TLS with it failed';
    return new Failure('upstream_tls', detail, { cause: error });
  }
  if (codeOf(error) === 'ECONNRESET') return brokenOff(error);
  return new Failure('upstream_unreachable', 'no connection to the API could be made', { cause: error });
}

/** A connection is there no more. */
export function brokenOff(cause: Error): Failure {
  return new Failure('upstream_reset', 'the connection to the API broke', { cause });
}

/** Of the error, or of the first of several addresses that were tried. */
export function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined) return code;
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  return first instanceof Error ? codeOf(first) : '';
}
