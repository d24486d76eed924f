import { isLoopbackHost } from '../loopback.ts';
import { BearerwayError } from './errors.ts';

/** Origins as URLs spell them. Throws a BearerwayError `config_invalid`. */
export function originsOf(given: readonly string[]): ReadonlySet<string> {
  const origins = new Set<string>();
  const faults = given.flatMap((text, index) => {
    const { origin, protocol, hostname } = URL.parse(text) ?? {};
    const isOrigin = text === origin || text === `${origin}/`;
    const isSafe = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname ?? ''));
    if (isOrigin && isSafe && origin !== undefined) {
      origins.add(origin);
      return [];
    }
    const message = isOrigin
      ? 'is not https (a token would cross the network readably)'
      : 'is not an origin (such as https://crm.example.com, without a path)';
    return [{ path: `origins[${index}]`, message, line: undefined, column: undefined }];
  });
  if (faults.length === 0) return origins;
  const lines = faults.map(({ path, message }) => `${path}: ${message}`);
  throw new BearerwayError('config_invalid', lines.join('\n'), { faults });
}

function isLoopback(hostname: string): boolean {
  return isLoopbackHost(hostname) || hostname === '[::1]';
}
