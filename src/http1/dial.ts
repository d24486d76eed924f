/** Opens connections to APIs. What is verified of their identity is decided here. */
import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Failure } from '../errors.ts';

/** Where to, and who we are. */
export interface Destination {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Undefined: plain HTTP. PEM. */
  readonly tls:
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
        /** The identity of the API is not verified. */
        readonly insecure: boolean;
      }
    | undefined;
}

/** Into which all sockets read: what is kept of it is copied in the same turn. */
const sharedBuffer = Buffer.allocUnsafeSlow(65_536);

export interface DialOptions {
  /** Takes `length` bytes of a buffer that is written over in the next turn; false: no more for now. */
  readonly read: (buffer: Buffer, length: number) => boolean;
  /** Of an earlier connection to the same destination. */
  readonly session: Buffer | undefined;
  /** Takes one for later connections. */
  readonly keepSession: (session: Buffer) => void;
  /** It is there: TLS, too, where that is asked for. */
  readonly connected: () => void;
}

/** A socket on its way. Throws for an identity that is none. */
export function dial({ host, port, tls }: Destination, options: DialOptions): Socket {
  const { read, session, keepSession, connected } = options;
  const onread: OnReadOpts = {
    buffer: sharedBuffer,
    // The buffer that is handed over is the one above.
    callback: (length) => read(sharedBuffer, length),
  };
  // What a FIN means is decided by whoever reads: in a tunnel it ends one side only.
  if (tls === undefined)
    return connectTcp({ host, port, onread, noDelay: true, allowHalfOpen: true }).on('connect', connected);
  const { insecure, ca, cert, key } = tls;
  const identity = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), ...(session && { session }) };
  // RFC 6066 §3: a name, never an address. Left out, node:tls would send none.
  const verified = { ...identity, host, port, onread, allowHalfOpen: true, rejectUnauthorized: !insecure };
  const socket: TLSSocket = connectTls({
    ...verified,
    ...(isIP(host) === 0 && { servername: host }),
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
  });
  return socket.on('secureConnect', connected).on('session', keepSession).setNoDelay(true);
}

/** Errors of finding the way there. */
const noWay =
  /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ETIMEDOUT|EACCES|EPERM|EMFILE|ENFILE)$/;

/** Why no connection came about. */
export function dialFailure(error: Error, { tls }: Destination): Failure {
  const code = codeOf(error);
  if (tls !== undefined && !noWay.test(code)) {
    const detail = 'the identity of the API could not be verified, or TLS with it failed';
    return new Failure('upstream_tls', detail, { cause: error });
  }
  if (code === 'ECONNRESET') return brokenOff(error);
  return new Failure('upstream_unreachable', 'no connection to the API could be made', { cause: error });
}

/** A connection is there no more. */
export function brokenOff(cause: Error): Failure {
  return new Failure('upstream_reset', 'the connection to the API broke', { cause });
}

/** Of the error, or of the first of several addresses that were tried. */
function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined) return code;
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  return first instanceof Error ? codeOf(first) : '';
}
