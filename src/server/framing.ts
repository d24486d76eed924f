import type { IncomingMessage } from 'node:http';
import { Failure } from '../errors.ts';
import { Fields } from '../fields.ts';

/** Bounds on a request's head. */
export interface RequestLimits {
  /** Bytes of all field lines. */
  readonly headerSize: number;
  readonly headerCount: number;
  /** Bytes. */
  readonly targetSize: number;
  /** Milliseconds for the whole head. */
  readonly headersTimeout: number;
}

/** What Node's parser lets through and RFC 9112 does not. Throws the Failure that answers it. */
export function checkHead(request: IncomingMessage, limits: RequestLimits): void {
  const { httpVersion, url = '', rawHeaders } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    throw new Failure('version_unsupported', 'HTTP/1.1 and HTTP/1.0 are');
  if (url.length > limits.targetSize)
    throw new Failure('uri_too_long', `the target has more than ${limits.targetSize} bytes`);
  if (rawHeaders.length / 2 > limits.headerCount)
    throw new Failure('header_too_large', `more than ${limits.headerCount} fields`);
  const size = rawHeaders.reduce((sum, part) => sum + part.length + 2, 0);
  if (size > limits.headerSize)
    throw new Failure('header_too_large', `the fields have more than ${limits.headerSize} bytes`);

  const fields = new Fields(rawHeaders);
  const lengths = fields.all('content-length');
  const codings = fields.all('transfer-encoding');
  if (lengths.length > 1) throw new Failure('bad_request', 'two Content-Length fields');
  if (lengths.length === 1 && !/^\d{1,15}$/.test(lengths[0] ?? ''))
    throw new Failure('bad_request', 'the Content-Length is not a number');
  if (codings.length > 1) throw new Failure('bad_request', 'two Transfer-Encoding fields');
  if (codings.length === 0) return;
  if (lengths.length > 0) throw new Failure('bad_request', 'Content-Length and Transfer-Encoding at once');
  if (httpVersion === '1.0') throw new Failure('bad_request', 'a Transfer-Encoding in HTTP/1.0');
  if (!/^chunked$/i.test(codings[0] ?? ''))
    throw new Failure('not_implemented', 'a transfer coding other than chunked');
}

/** The Failure for what Node's parser did not take for a request. */
export function parserFailure(error: NodeJS.ErrnoException, limits: RequestLimits): Failure {
  const packet = (error as { rawPacket?: Buffer }).rawPacket;
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW': {
      const line = packet === undefined ? -1 : packet.indexOf('\r\n');
      const long = packet !== undefined && (line === -1 ? packet.length : line) > limits.targetSize;
      return long
        ? new Failure('uri_too_long', `the target has more than ${limits.targetSize} bytes`)
        : new Failure('header_too_large', `the fields have more than ${limits.headerSize} bytes`);
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Failure('request_timeout', 'the head of the request took too long');
    case 'HPE_INVALID_VERSION':
      return new Failure('version_unsupported', 'HTTP/1.1 and HTTP/1.0 are');
    default:
      return new Failure('bad_request', `the request breaks HTTP (${error.code ?? 'unreadable'})`);
  }
}
