import { isIP } from 'node:net';
import { type ConnectionOptions, createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

/** Whom we trust and who we are, as a config says it. PEM. */
export interface TlsIdentity {
  /** Instead of the system's authorities. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** TLS as the one who connects speaks it. */
export interface ClientTls {
  /** Made once, when it is first asked for: to read all the system's authorities takes 20 ms. Throws for an identity that is none. */
  readonly context: () => SecureContext;
  /** The identity of the other side is not verified. */
  readonly insecure: boolean;
}

/** `more` are authorities besides those that the identity or the system names. PEM. */
export function clientTls({ ca, cert, key }: TlsIdentity, more: readonly string[] = [], insecure = false): ClientTls {
  let context: SecureContext | undefined;
  const trusted = more.length === 0 ? ca : [...(ca === undefined ? getCACertificates() : [ca]), ...more];
  const make = (): SecureContext =>
    createSecureContext({
      minVersion: 'TLSv1.2',
      ...(trusted && { ca: typeof trusted === 'string' ? trusted : [...trusted] }),
      ...(cert && { cert }),
      ...(key && { key }),
    });
  return {
    context() {
      context ??= make();
      return context;
    },
    insecure,
  };
}

/** For `tls.connect` with a host; `session` is of an earlier connection to it. */
export function tlsOptions(host: string, { context, insecure }: ClientTls, session?: Buffer): ConnectionOptions {
  return {
    secureContext: context(),
    // Beside a socket that is there already it is all that the certificate is compared with.
    host,
    // RFC 6066 §3: a name, never an address. Left out, node:tls would send none.
    ...(isIP(host) === 0 && { servername: host }),
    ...(session && { session }),
    rejectUnauthorized: !insecure,
    ALPNProtocols: ['http/1.1'],
  };
}
