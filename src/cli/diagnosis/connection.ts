/** No answer: the way to the token endpoint, or TLS with it. */
import { type Failure, reason } from '../../errors.ts';
import type { Diagnosis, GrantConfig } from './symptoms.ts';

/** What of a credential decides on the way to its endpoint. */
type Endpoint = Pick<GrantConfig, 'tokenUrl' | 'issuer' | 'tls'>;

export function aboutConnection(options: Endpoint, failure: Failure): Diagnosis {
  // What was found out without asking anybody, or by asking the issuer.
  if (failure.code !== 'token_unavailable') return aboutIssuer(failure);
  const codes = codesOf(failure);
  const place = placeOf(options);
  return (
    aboutEgressProxy(failure) ??
    aboutCertificate(codes, place, options) ??
    aboutNetwork(codes, place) ?? {
      cause: reason(failure),
      remedy: failure.topic === 'lateness' ? tooLate : 'look at tokenUrl (or issuer), and at what is on the way there',
    }
  );
}

const tooLate =
  'if this machine reaches the internet by way of an egress proxy alone, name it in egress.proxy; else see that no firewall drops the connection, or set a longer request.timeout';

function aboutIssuer(failure: Failure): Diagnosis {
  return {
    cause: reason(failure),
    remedy:
      'take the issuer exactly as its own metadata spells it, a slash at the end included; or write tokenUrl in its place',
  };
}

function aboutEgressProxy(failure: Failure): Diagnosis | undefined {
  if (failure.topic !== 'egress proxy') return undefined;
  return {
    cause: reason(failure),
    remedy:
      'look at egress.proxy (or HTTPS_PROXY and HTTP_PROXY); a token endpoint that is reached without it goes into egress.noProxy (or NO_PROXY)',
  };
}

const unknownAuthority =
  /^(UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(_LOCALLY)?)|(DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED)_CERT(_IN_CHAIN)?|CERT_UNTRUSTED)$/;

function aboutCertificate(codes: readonly string[], place: string, { tls }: Endpoint): Diagnosis | undefined {
  const has = (pattern: RegExp): boolean => codes.some((code) => pattern.test(code));
  if (has(unknownAuthority)) {
    return {
      cause:
        tls.ca === undefined
          ? `the certificate of ${place} is signed by nobody that this machine trusts`
          : `the certificate of ${place} is not signed by what tls.ca names`,
      remedy:
        "tls.ca: the certificate of the authority that signed it (PEM), with any between; if a proxy on the way inspects TLS, that proxy's in egress.ca",
    };
  }
  if (has(/^CERT_HAS_EXPIRED$/))
    return {
      cause: `the certificate of ${place} has expired, by the clock of this machine`,
      remedy: 'whoever runs the server has to renew it, unless the clock here is wrong (compare: date -u)',
    };
  if (has(/^CERT_NOT_YET_VALID$/))
    return {
      cause: `the certificate of ${place} is not valid yet, by the clock of this machine`,
      remedy: 'set the clock (compare: date -u)',
    };
  if (has(/^ERR_TLS_CERT_ALTNAME_INVALID$/))
    return {
      cause: `the certificate of ${place} is for another name`,
      remedy: 'name the server in tokenUrl (or issuer) as its certificate does, rather than by an alias or an address',
    };
  if (has(/^ERR_SSL_.*(ALERT|HANDSHAKE_FAILURE)/))
    return {
      cause: `${place} broke the TLS handshake off`,
      remedy: 'it may want a client certificate, or another one: tls.cert and tls.key',
    };
  if (has(/^(EPROTO|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|.*UNKNOWN_PROTOCOL))/))
    return { cause: `${place} does not speak TLS`, remedy: 'look at the port in tokenUrl (or issuer)' };
  return undefined;
}

function aboutNetwork(codes: readonly string[], place: string): Diagnosis | undefined {
  const has = (...some: string[]): boolean => codes.some((code) => some.includes(code));
  if (has('ENOTFOUND', 'EAI_AGAIN', 'EAI_NONAME', 'EAI_FAIL'))
    return {
      cause: `the name of ${place} has no address (DNS)`,
      remedy:
        'look at the host in tokenUrl (or issuer, baseUrl); behind an egress proxy that alone can resolve names, set egress.proxy',
    };
  if (has('ECONNREFUSED'))
    return {
      cause: `nothing listens on ${place}, or a firewall refuses`,
      remedy: 'look at host and port in tokenUrl (or issuer, baseUrl), and that the server runs',
    };
  if (has('EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT'))
    return { cause: `there is no way from here to ${place}`, remedy: tooLate };
  if (has('ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'))
    return {
      cause: `${place} broke the connection off without an answer`,
      remedy: 'look at the scheme and the port in tokenUrl (or issuer, baseUrl), and at what is between',
    };
  return undefined;
}

/** The codes of an error, of its causes, and of the addresses that were tried. */
function codesOf(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > 6) return [];
  const { code } = error as NodeJS.ErrnoException;
  const others = error instanceof AggregateError ? error.errors : [];
  return [
    ...(typeof code === 'string' ? [code] : []),
    ...[error.cause, ...others].flatMap((each) => codesOf(each, depth + 1)),
  ];
}

/** Host and port of the token endpoint, or of the issuer by whose metadata it is found. */
function placeOf({ tokenUrl, issuer }: Endpoint): string {
  return URL.parse(tokenUrl ?? issuer ?? '')?.host ?? 'the token endpoint';
}
