import type { Config } from '../config/schema.ts';
import { quoted } from '../shell-word.ts';

/**
 * A command that gets an answer from the route with this prefix; what only its user knows is in capitals. `address` is
 * where the proxy listens, if not on a socket.
 */
export function curlLine({ socket, tls, clientToken }: Config['listen'], address: string, prefix = '/'): string {
  const origin = socket === undefined ? address : `${tls === undefined ? 'http' : 'https'}://localhost`;
  return [
    'curl',
    ...(socket === undefined ? [] : ['--unix-socket', quoted(socket.path)]),
    ...(tls === undefined ? [] : ['--cacert', 'CA.pem']),
    ...(tls?.clientCa === undefined ? [] : ['--cert', 'CLIENT.pem', '--key', 'CLIENT-KEY.pem']),
    ...(clientToken === undefined ? [] : ['-H', "'Bearerway-Client-Token: TOKEN'"]),
    `${origin}${prefix === '/' ? '' : quoted(prefix)}/anything`,
  ].join(' ');
}
