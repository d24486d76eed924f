/** What went wrong with an API, in our words: from the errors of undici, of sockets and of OpenSSL. */
import { Failure, type FailureCode } from '../errors.ts';

export function upstreamFailure(error: Error): Failure {
  if (error instanceof Failure) return error;
  const [failure, detail] = told(error);
  return new Failure(failure, detail, { cause: error });
}

type Told = readonly [FailureCode, string];

const byCode: Readonly<Record<string, Told>> = {
  UND_ERR_CONNECT_TIMEOUT: ['upstream_timeout', 'no connection came about in time'],
  UND_ERR_HEADERS_TIMEOUT: ['upstream_timeout', 'its answer did not begin in time'],
  UND_ERR_BODY_TIMEOUT: ['upstream_timeout', 'it fell silent in the middle of its answer'],
  UND_ERR_HEADERS_OVERFLOW: ['upstream_invalid', 'the fields of its answer are too many'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['upstream_invalid', 'its answer is not as long as it says'],
  ERR_INVALID_CHAR: ['upstream_invalid', 'its answer has a character that may not stand in a head'],
};

const unreachable =
  /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ETIMEDOUT|EACCES|EPERM|EMFILE|ENFILE)$/;
const tls = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO|HOSTNAME_MISMATCH|INVALID_CA|ERR_OSSL)/;

function told(error: Error): Told {
  const code = codeOf(error);
  const known = byCode[code];
  if (known !== undefined) return known;
  const broken = breach(error);
  if (broken !== undefined) return ['upstream_invalid', broken];
  if (unreachable.test(code)) return ['upstream_unreachable', 'no connection to the API could be made'];
  if (tls.test(code)) {
    return ['upstream_tls', 'the identity of the API could not be verified, or TLS with it failed'];
  }
  if (/^ERR_HTTP_INVALID/.test(code)) return ['upstream_invalid', `its answer breaks HTTP (${code})`];
  if (/^(UND_ERR_INVALID_ARG|UND_ERR_NOT_SUPPORTED|UND_ERR_REQ_CONTENT)/.test(code)) {
    return ['internal_error', 'the request could not be passed on'];
  }
  return ['upstream_reset', 'the connection to the API broke'];
}

/** How an answer breaks HTTP, from the errors that tell of it in words alone. */
function breach(error: Error): string | undefined {
  if (error.name === 'HTTPParserError') {
    return `its answer breaks HTTP (${/\((.*)\)$/.exec(error.message)?.[1] ?? 'unreadable'})`;
  }
  if (error.name !== 'SocketError') return undefined;
  if (error.message === 'bad upgrade') return 'it changed the protocol, which nobody had asked for';
  if (error.message === 'bad response') return 'its answer came out of turn';
  return undefined;
}

/** Of the error, or of the first of several addresses that were tried. */
function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined) return code;
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  return first instanceof Error ? codeOf(first) : '';
}
