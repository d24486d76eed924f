/** Where the proxy listens, and who may connect. */
import * as z from 'zod';
import { isLoopbackHost } from '../loopback.ts';
import { clientTokenKeys, clientTokenOf, type SpeltClientToken } from './client-token.ts';
import { secretRules } from './credentials/secrets.ts';
import { everywhere, type Fault, filePath, flag, group, integer, optional, pem, text, withDefault } from './scalars.ts';
import { serverTlsRules } from './tls.ts';

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 8080;
const DEFAULT_MODE = '0600';

const allowedHost = text.regex(/^(\*\.)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$/, {
  error: 'is not a host name (such as proxy.internal or *.internal, without a port)',
});
/** Names accepted in Host. */
export const allowedHosts = withDefault(z.array(allowedHost, { error: 'is not a list' }), []);
const origin = text
  .regex(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/\s?#]+$/, {
    error: 'is not an origin (such as https://app.example.com)',
    abort: true,
  })
  .toLowerCase()
  .refine(isAsBrowsersSpellIt, {
    error:
      "is not spelt as browsers spell an origin, and so would be nobody's (no user, no port where it is the usual one, other letters than those of ASCII as xn--…)",
  });

/** Of schemes other than those of the web nothing is known. RFC 6454 §6.2. */
function isAsBrowsersSpellIt(origin: string): boolean {
  return !/^https?:/.test(origin) || URL.parse(origin)?.origin === origin;
}

export const host = text.regex(/^[A-Za-z0-9._:-]+$/, { error: 'is not an address or a host name' });

/** What `sockaddr_un` has room for, its NUL left out (unix(7), and as BSD has it). Bytes. */
const LONGEST_SOCKET_PATH = process.platform === 'linux' ? 107 : 103;

function socketPath(folder: string) {
  return filePath(folder).refine((path) => Buffer.byteLength(path) <= LONGEST_SOCKET_PATH, {
    error: `is longer than ${LONGEST_SOCKET_PATH} bytes once it begins at /, which the path of a socket may not be (such as /run/bearerway.sock would do)`,
  });
}

/** YAML reads 0600 without quotes as six hundred. */
const notAMode = 'is not the mode of a file in quotes (such as "0600", or "0660" for a group)';
const fileMode = z
  .string({ error: notAMode })
  .regex(/^0?[0-7]{3}$/, { error: notAMode })
  .refine((mode) => (Number.parseInt(mode, 8) & 0o222) !== 0, {
    error: 'lets nobody connect, which takes the right to write (such as "0600" gives the owner)',
  });

export function listenSchema(folder: string) {
  return group({
    host: optional(host).meta({ default: DEFAULT_HOST }),
    port: optional(integer(0, 65_535)).meta({ default: DEFAULT_PORT }),
    socket: optional(socketPath(folder)),
    socketMode: optional(fileMode).meta({ default: DEFAULT_MODE }),
    openListener: withDefault(flag, false),
    allowedHosts,
    allowedOrigins: withDefault(z.array(origin, { error: 'is not a list' }), []),
    ...clientTokenKeys(folder),
    tls: group({ cert: optional(pem(folder)), key: optional(pem(folder)), clientCa: optional(pem(folder)) }),
  })
    .check(everywhere(rules))
    .transform(({ host, port, socket, socketMode, clientToken, clientTokenFile, tls, ...rest }) => ({
      ...rest,
      host: host ?? DEFAULT_HOST,
      port: port ?? DEFAULT_PORT,
      /** Instead of host and port. */
      socket: socket === undefined ? undefined : { path: socket, mode: Number.parseInt(socketMode ?? DEFAULT_MODE, 8) },
      clientToken: clientTokenOf({ clientToken, clientTokenFile }),
      tls:
        tls.cert === undefined || tls.key === undefined
          ? undefined
          : { cert: tls.cert, key: tls.key, clientCa: tls.clientCa },
    }));
}

interface Spelt extends SpeltClientToken {
  readonly host?: unknown;
  readonly port?: unknown;
  readonly socket?: unknown;
  readonly socketMode?: unknown;
  readonly openListener?: unknown;
  readonly tls?: { readonly cert?: unknown; readonly key?: unknown; readonly clientCa?: unknown } | null;
}

function rules(spelt: Spelt, fault: Fault): void {
  const { host, port, socket, socketMode, clientToken, clientTokenFile, tls } = spelt;
  secretRules('clientToken', { spelt }, fault);
  if (socket !== undefined && (host !== undefined || port !== undefined)) {
    const beside = [host === undefined ? [] : ['host'], port === undefined ? [] : ['port']].flat();
    fault(
      ['socket'],
      `stands beside ${beside.join(' and ')} (a socket is listened on instead: one way would be right)`,
    );
  }
  if (socket === undefined && socketMode !== undefined) fault(['socketMode'], 'is for a socket (set listen.socket)');
  serverTlsRules(tls ?? {}, fault);
  if (typeof host !== 'string' || socket !== undefined || isLoopbackHost(host) || host === '::1') return;
  const isGuarded = [clientToken, clientTokenFile, tls?.clientCa].some((given) => given !== undefined);
  if (!isGuarded && spelt.openListener !== true) {
    fault(
      ['host'],
      'is open to other machines: set clientToken or tls.clientCa (or openListener: true, if whoever reaches it may use every credential)',
    );
  }
}
