/** Where a running proxy is asked: its configuration tells, or the address in `--admin`. */
import { isClientToken, notAToken } from '../config/client-token.ts';
import { ConfigError } from '../config/faults.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { Secret } from '../secret.ts';
import { Complaint, Usage } from './complaint.ts';
import type { Process } from './process.ts';

/** Words of a command that asks. */
export interface AskingWords {
  readonly config: string;
  readonly admin?: string;
}

export interface AdminPlace {
  /** As a socket takes it: an IPv6 address is in no brackets. */
  readonly host: string;
  readonly port: number;
  readonly clientToken: Secret | undefined;
  /** How a complaint goes on: `nothing listens on HOST:PORT`, and `the proxy on HOST:PORT does not take`. */
  readonly complaints: { readonly nothingListens: string; readonly doesNotTake: string };
}

/** The variable that has the client token for `--admin`: arguments can be read by others on this machine. */
const TOKEN_VARIABLE = 'BEARERWAY_ADMIN_CLIENT_TOKEN';

/** Rejects with a Complaint where nobody could be asked, with a Usage for an address or a token that is none, and as `loadConfig`. */
export async function adminPlace({ config: file, admin }: AskingWords, { env, stderr }: Process): Promise<AdminPlace> {
  if (admin !== undefined) return named(admin, env[TOKEN_VARIABLE]);
  const config = await loadConfig(file, env).catch((error) => {
    if (error instanceof ConfigError)
      stderr.write(
        'The configuration says where to ask, and has faults. --admin 127.0.0.1:9090 asks there without it.\n',
      );
    throw error;
  });
  return configured(config);
}

function named(address: string, clientToken = ''): AdminPlace {
  const url = URL.parse(address.includes('://') ? address : `http://${address}`);
  // A number alone would be read as an IPv4 address.
  if (url === null || `${url.origin}/` !== url.href || url.protocol !== 'http:' || /^\d*$/.test(address))
    throw new Usage('--admin takes the address of an admin port, such as 127.0.0.1:9090 or http://127.0.0.1:9090');
  if (clientToken !== '' && !isClientToken(clientToken)) throw new Usage(`${TOKEN_VARIABLE} is not ${notAToken}`);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 80),
    clientToken: clientToken === '' ? undefined : new Secret(clientToken),
    complaints: {
      nothingListens: ': the proxy does not run, or has its admin port elsewhere.',
      doesNotTake:
        clientToken === ''
          ? `us without its admin.clientToken: set ${TOKEN_VARIABLE} to it.`
          : `the client token in ${TOKEN_VARIABLE}: it runs with another.`,
    },
  };
}

async function configured({ admin }: Config): Promise<AdminPlace> {
  if (admin === false)
    throw new Complaint('this configuration has no admin port (admin: false), and so nobody who could be asked.');
  if (admin.port === 0)
    throw new Complaint(
      'admin.port is 0, a free port that only the log of the running proxy tells. Set one, or ask there with --admin HOST:PORT.',
    );
  const clientToken = await admin.clientToken?.read().catch((error: Error) => {
    throw new Complaint(`the client token cannot be had: ${error.message}`);
  });
  return {
    host: reachable(admin.host),
    port: admin.port,
    clientToken,
    complaints: {
      nothingListens:
        ', the admin port of this configuration. Start the proxy (bearerway run), or name the configuration it runs with (--config).',
      doesNotTake:
        clientToken === undefined
          ? 'us without its admin.clientToken, which this configuration does not have.'
          : 'the admin.clientToken of this configuration: it runs with another.',
    },
  };
}

/** Where all addresses are listened on, this machine's own is one. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === 'localhost') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
