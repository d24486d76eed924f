/** The way out to APIs and token endpoints: `egress`, and what the environment says where that says nothing. */
import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import type { EgressOptions, ProxyAddress } from '../egress.ts';
import { entriesOf, isNoProxyEntry } from '../no-proxy.ts';
import { Secret } from '../secret.ts';
import type { Environment } from './environment.ts';
import { group, optional, pem, text } from './scalars.ts';
import { isReachable } from './urls.ts';

const pattern =
  /^(https?):\/\/(?:([^:@/?#\s]*)(?::([^@/?#\s]*))?@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?\/?$/i;
const notAProxy =
  'is not the address of a proxy (such as http://user:password@proxy.internal:3128, https:// for TLS to the proxy itself; special characters as %40)';

/** Taken apart: who we are to it is a secret, and appears nowhere. Undefined: it is none. */
function proxyAddress(given: string): ProxyAddress | undefined {
  const [, scheme = '', user, password, host = '', port] = pattern.exec(given) ?? [];
  if (!isReachable(host, port)) return undefined;
  const secure = scheme.toLowerCase() === 'https';
  const credentials = [user ?? '', password ?? ''].map(decoded);
  const [name, secret] = credentials;
  // RFC 7617 §2: where the name ends is where the first colon is.
  if (name === undefined || secret === undefined || name.includes(':')) return undefined;
  const isNamed = (user ?? '') !== '' || (password ?? '') !== '';
  return {
    host: host.replace(/^\[(.*)\]$/, '$1').toLowerCase(),
    port: port === undefined ? (secure ? 443 : 80) : Number(port),
    secure,
    authorization: isNamed ? new Secret(`Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`) : undefined,
  };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

const proxy = text.transform((given, context): ProxyAddress => {
  const address = proxyAddress(given);
  if (address !== undefined) return address;
  context.addIssue(notAProxy);
  return z.NEVER;
});

const noProxyEntry = text.refine(isNoProxyEntry, {
  error:
    'is no destination (a name such as example.com, which means all below it too, *.example.com, an address such as 10.0.0.1 or 10.0.0.0/8, each with a :port if need be, or *)',
});

function authority(folder: string) {
  return pem(folder).refine(isCertificate, { error: 'is no certificate in PEM' });
}

function isCertificate(given: string): boolean {
  try {
    return new X509Certificate(given).fingerprint256 !== '';
  } catch {
    return false;
  }
}

export function egressSchema(folder: string) {
  return group({
    proxy: optional(proxy),
    noProxy: optional(z.array(noProxyEntry, { error: 'is not a list' })),
    ca: optional(z.array(authority(folder), { error: 'is not a list' })),
  });
}

type Spelt = z.output<ReturnType<typeof egressSchema>>;

/**
 * What stands in the config, else in the environment. HTTP_PROXY is not read where a web server may have put a client's
 * field `Proxy` under that name (CGI, RFC 3875 §4.1.18: CVE-2016-5385). An empty variable counts as none.
 */
export function egressOf(
  { proxy, noProxy, ca }: Spelt,
  env: Environment,
  fault: (message: string) => void,
): EgressOptions {
  const entries = noProxy ?? entriesOf(firstOf(env, ['no_proxy', 'NO_PROXY'])?.value ?? '');
  const common = { noProxy: entries, ca: ca ?? [] };
  if (proxy !== undefined) return { http: proxy, https: proxy, ...common };
  if (entries.includes('*')) return { http: undefined, https: undefined, ...common };
  const isCgi = firstOf(env, ['REQUEST_METHOD']) !== undefined;
  const read = (names: readonly string[]): ProxyAddress | undefined => {
    const found = firstOf(env, names);
    if (found === undefined) return undefined;
    const address = proxyAddress(found.value.includes('://') ? found.value : `http://${found.value}`);
    if (address === undefined)
      fault(`is left out, and ${found.name} ${notAProxy}; set another here, or noProxy: ["*"] for none`);
    return address;
  };
  return {
    http: read(isCgi ? ['http_proxy'] : ['http_proxy', 'HTTP_PROXY']),
    https: read(['https_proxy', 'HTTPS_PROXY']),
    ...common,
  };
}

function firstOf(
  env: Environment,
  names: readonly string[],
): { readonly name: string; readonly value: string } | undefined {
  for (const name of names) {
    const value = Object.hasOwn(env, name) ? env[name]?.trim() : undefined;
    if (value !== undefined && value !== '') return { name, value };
  }
  return undefined;
}
