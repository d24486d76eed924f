/**
 * Every failure the proxy answers for: one table of code, status and source, one exception, one mapper to
 * problem+json (RFC 9457) with Proxy-Status (RFC 9209). Users read the same table in the README.
 */

import { Fields } from './fields.ts';

/** Whose fault it is. */
export type FailureSource = 'client' | 'proxy' | 'identity_provider' | 'upstream';

interface FailureKind {
  readonly status: number;
  readonly source: FailureSource;
  readonly title: string;
  /** The error type of RFC 9209 §2.3 that fits best. */
  readonly proxyError: string;
}

function kind<Status extends number>(
  status: Status,
  source: FailureSource,
  proxyError: string,
  title: string,
): FailureKind & { readonly status: Status } {
  return { status, source, title, proxyError };
}

export const failureKinds = {
  no_route: kind(404, 'client', 'destination_not_found', 'No route has a prefix that matches the path'),
  forward_denied: kind(403, 'client', 'http_request_denied', 'This is not an open proxy'),
  host_denied: kind(421, 'client', 'http_request_denied', 'The Host is not one of ours'),
  origin_denied: kind(403, 'client', 'http_request_denied', 'Requests from web pages are not accepted'),
  client_unauthorized: kind(407, 'client', 'http_request_denied', 'The client token is missing or wrong'),
  method_denied: kind(405, 'client', 'http_request_denied', 'The method is not allowed here'),
  path_denied: kind(403, 'client', 'http_request_denied', 'The path is not allowed on this route'),
  bad_request: kind(400, 'client', 'http_request_error', 'The request is malformed or ambiguous'),
  request_timeout: kind(408, 'client', 'http_request_error', 'The request took too long to arrive'),
  header_too_large: kind(431, 'client', 'http_request_error', 'The header section is too large'),
  uri_too_long: kind(414, 'client', 'http_request_error', 'The request target is too long'),
  not_implemented: kind(501, 'client', 'http_request_error', 'The transfer coding is not implemented'),
  version_unsupported: kind(505, 'client', 'http_request_error', 'The HTTP version is not supported'),
  expectation_failed: kind(417, 'client', 'http_request_error', 'The expectation cannot be met'),
  loop_detected: kind(508, 'client', 'proxy_loop_detected', 'The request has been through this proxy before'),
  overloaded: kind(503, 'proxy', 'connection_limit_reached', 'Too much is going on at once'),
  internal_error: kind(500, 'proxy', 'proxy_internal_error', 'Something is wrong in the proxy itself'),
  token_unavailable: kind(503, 'identity_provider', 'proxy_internal_response', 'No token can be had at the moment'),
  token_refused: kind(502, 'identity_provider', 'proxy_internal_response', 'The identity provider refuses our client'),
  token_invalid: kind(
    502,
    'identity_provider',
    'proxy_internal_response',
    "The identity provider's answer is unusable",
  ),
  upstream_unreachable: kind(502, 'upstream', 'destination_unavailable', 'The API cannot be reached'),
  upstream_tls: kind(502, 'upstream', 'tls_certificate_error', 'The TLS connection to the API failed'),
  upstream_invalid: kind(502, 'upstream', 'http_protocol_error', "The API's answer breaks HTTP"),
  upstream_timeout: kind(504, 'upstream', 'http_response_timeout', 'The API did not answer in time'),
  upstream_reset: kind(502, 'upstream', 'connection_terminated', 'The API broke off before its answer began'),
} as const satisfies Record<string, FailureKind>;

export type FailureCode = keyof typeof failureKinds;

/** RFC 9110 §15, RFC 5842 §7.2, RFC 6585 §5; node:http has them, too, and would be loaded for nothing else. */
const phrases: Readonly<Record<(typeof failureKinds)[FailureCode]['status'], string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  508: 'Loop Detected',
};

/**
 * What a failure is about, where its code does not tell: for whoever says more of it. `egress proxy`: its own fault;
 * `behind egress proxy`: that of whom it leads to.
 */
export type FailureTopic =
  | 'egress proxy'
  | 'behind egress proxy'
  | 'lateness'
  | 'no access token'
  | 'access token'
  | 'token type';

export interface FailureOptions {
  /** For the log only: never shown to a client. */
  readonly cause?: unknown;
  readonly topic?: FailureTopic | undefined;
  /** Milliseconds until another try makes sense. */
  readonly retryAfterMs?: number;
  /** The methods that are allowed instead (RFC 9110 §10.2.1). */
  readonly allow?: readonly string[];
}

/** A failure with an answer. `detail` is shown to the client: no secret, no token, no internal address. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly detail: string;
  readonly topic: FailureTopic | undefined;
  readonly retryAfterMs: number | undefined;
  readonly allow: readonly string[] | undefined;

  constructor(code: FailureCode, detail: string, options: FailureOptions = {}) {
    super(`${code}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.code = code;
    this.detail = detail;
    this.topic = options.topic;
    this.retryAfterMs = options.retryAfterMs;
    this.allow = options.allow;
  }
}

/** What was thrown, as a Failure: anything that is none is a fault of ours, its text for the log alone. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  return new Failure('internal_error', 'the log of the proxy has the details', { cause: thrown });
}

/** It was the client's fault, or one request too many. */
export function isRefusal({ code }: Failure): boolean {
  return failureKinds[code].source === 'client' || code === 'overloaded';
}

/** An answer that the proxy makes itself. */
export interface Problem {
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  readonly body: Buffer;
}

/** The answer to a failure. */
export function problem(failure: Failure, requestId: string): Problem {
  const { code, detail } = failure;
  const { status, source, title, proxyError } = failureKinds[code];
  const body = Buffer.from(
    `${JSON.stringify({ type: `urn:bearerway:problem:${code}`, title, status, detail, code, source, requestId })}\n`,
  );
  const fields = [
    ...['Content-Type', 'application/problem+json'],
    ...['Content-Length', String(body.length)],
    ...['Cache-Control', 'no-store'],
    ...['Proxy-Status', `bearerway; error=${proxyError}`],
  ];
  if (failure.retryAfterMs !== undefined) {
    fields.push('Retry-After', String(Math.max(1, Math.ceil(failure.retryAfterMs / 1000))));
  }
  if (failure.allow !== undefined) fields.push('Allow', failure.allow.join(', '));
  if (code === 'client_unauthorized') fields.push('Proxy-Authenticate', 'Basic realm="bearerway"');
  return { status, reason: phrases[status], fields: new Fields(fields), body };
}

/** A failure's reason for the log: its detail and the messages of its causes, none of which may hold a secret. */
export function reason(failure: Failure): string {
  const parts = [failure.detail];
  let cause: unknown = failure.cause;
  while (cause instanceof Error && parts.length < 5) {
    const told = cause instanceof Failure ? cause.detail : describe(cause);
    // A detail may be made of its cause's words.
    if (!parts.some((part) => part.includes(told))) parts.push(told);
    cause = cause.cause;
  }
  return printable(parts.join(': '));
}

/** Text from outside for a log that a terminal may show: control characters (C0, DEL and C1) would steer it. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

function describe(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  // What AbortSignal.timeout gives as its reason.
  if (error.name === 'TimeoutError') return 'it took too long';
  return code === undefined || error.message.includes(code) ? error.message : `${error.message} (${code})`;
}
