/** The addresses in `proxy.yaml`. They are taken apart here, once, and never resolved against anything. */
import * as z from 'zod';
import { isLoopbackHost } from '../loopback.ts';
import { pathProblem } from './paths.ts';

/** Where a route's requests go: requests are joined to it as strings. */
export interface UpstreamAddress {
  /** `https://host` or `https://host:port`. */
  readonly origin: string;
  /** `''` or `/…` without a slash at its end. */
  readonly basePath: string;
  /** Plain http to another machine: anyone between can read the token. */
  readonly exposed: boolean;
}

const pattern = /^(https?):\/\/((?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?)(\/[^?#\s\\]*)?(\?[^#\s]*)?$/;
const error = 'is not an address (such as https://api.example.com/base; no user, no fragment)';

export interface Address extends UpstreamAddress {
  readonly path: string;
  readonly query: string;
}

/** False for what fits the pattern and yet is nowhere: a port of 0, a name with an empty part or of dots and hyphens alone. */
export function isReachable(host: string, port: string | undefined): boolean {
  const number = Number(port ?? 1);
  return number > 0 && number <= 65_535 && !/^\.|\.\.|^[.-]+$/.test(host) && URL.canParse(`http://${host}`);
}

const address = z.string({ error }).transform((given, context): Address => {
  const [, scheme, authority, port, path = '', query = ''] = pattern.exec(given) ?? [];
  const host = authority?.replace(/:\d+$/, '') ?? '';
  if (scheme === undefined || authority === undefined || !isReachable(host, port)) {
    context.addIssue(error);
    return z.NEVER;
  }
  if (/\/\.{1,2}(\/|$)|\/\//.test(path)) {
    context.addIssue('has "//" or a "." segment in its path');
    return z.NEVER;
  }
  const problem = pathProblem(path);
  if (problem !== undefined) {
    context.addIssue(problem);
    return z.NEVER;
  }
  return {
    origin: `${scheme}://${authority.toLowerCase()}`,
    basePath: path.replace(/\/$/, ''),
    exposed: scheme === 'http' && !isLoopbackHost(host),
    path,
    query,
  };
});

/** An API: an origin, and a path that all requests go below. */
export const upstreamAddress = address.transform(({ origin, basePath, exposed, query }, context): UpstreamAddress => {
  if (query !== '') context.addIssue('has a query, which an upstream cannot have');
  return { origin, basePath, exposed };
});

const safeAddress = address.refine((given) => !given.exposed, {
  error: 'is plain http to another machine, where anyone between can read the secret (https would be right)',
});

/** A token endpoint, whole. */
export const tokenEndpoint = safeAddress.transform(({ origin, path, query }) => `${origin}${path || '/'}${query}`);

/** An authorization server's name for itself (RFC 8414 §2), as it is spelt: it is compared as text. */
export const issuerAddress = z.string({ error }).transform((given, context) => {
  const parsed = safeAddress.safeParse(given);
  for (const { message } of parsed.error?.issues ?? []) context.addIssue(message);
  if (parsed.data !== undefined && parsed.data.query !== '')
    context.addIssue('has a query, which an issuer cannot have');
  return given;
});

/** Where a provider's API and token endpoint are. */
export const baseAddress = safeAddress.transform(({ origin, basePath, query }, context) => {
  if (query !== '') context.addIssue('has a query, which a base URL cannot have');
  return `${origin}${basePath}`;
});
