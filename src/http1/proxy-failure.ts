/** What goes wrong at an egress proxy, and behind it. */
import { authorityOf, type EgressProxy } from '../egress.ts';
import { Failure, type FailureCode } from '../errors.ts';
import { codeOf, isNoWay, outOfFiles } from './dial-failure.ts';

export function proxysOwn(code: FailureCode, detail: string, cause?: unknown): Failure {
  return new Failure(code, detail, { cause, topic: 'egress proxy' });
}

/** What a proxy's answer that opens no tunnel, or a 407 of its own, says; undefined for one that opens it. */
export function proxyRefusal(status: number, proxy: EgressProxy): Failure | undefined {
  if (status >= 200 && status < 300) return undefined;
  // What else it says may repeat our credentials.
  const cause = new Error(`${authorityOf(proxy)} answered ${status}`);
  const detail =
    status !== 407
      ? `the egress proxy refuses the connection (${status})`
      : proxy.authorization === undefined
        ? 'the egress proxy asks for credentials (407), which its address has none of'
        : 'the egress proxy refuses the credentials of its address (407)';
  return proxysOwn('upstream_unreachable', detail, cause);
}

/** No connection to the proxy came about. */
export function proxyUnreachable(error: Error, { tls }: EgressProxy): Failure {
  const full = outOfFiles(error);
  if (full !== undefined) return full;
  if (tls !== undefined && !isNoWay(error)) {
    const detail = 'the identity of the egress proxy could not be verified, or TLS with it failed';
    return proxysOwn('upstream_tls', detail, error);
  }
  const detail =
    codeOf(error) === 'ECONNRESET'
      ? 'the egress proxy broke the connection off'
      : 'no connection to the egress proxy could be made';
  return proxysOwn('upstream_unreachable', detail, error);
}

/** Of a request that a proxy was to pass on: nobody can tell whose fault it is. */
export function passedOn(failure: Failure): Failure {
  const { code, detail, cause, topic } = failure;
  if (topic !== undefined || code === 'overloaded') return failure;
  return new Failure(code, `${detail} (by way of the egress proxy)`, { cause });
}
