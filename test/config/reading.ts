/** A config for a test, from what it says besides the least that a config must. */

import { ConfigError } from '../../src/config/faults.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { Config, CredentialConfig } from '../../src/config/schema.ts';

export const leastRoutes = 'routes: [{prefix: /a, upstream: "https://api.example.com"}]\n';

type Env = Readonly<Record<string, string>>;

export function read(source: string, env: Env = {}, file = 'proxy.yaml'): Config {
  return parseConfig(source, { file, env });
}

/** What is wrong with it, a line each. */
export function faultsOf(source: string, env: Env = {}, file = 'proxy.yaml'): string[] {
  try {
    read(source, env, file);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

/** The first route, with more keys, in flow style. */
export function withRoute(more: string): string {
  return `routes: [{prefix: /a, upstream: "https://api.example.com", ${more}}]\n`;
}

export function withUpstream(upstream: string, more = ''): string {
  return `routes: [{prefix: /a, upstream: ${JSON.stringify(upstream)}, ${more}}]\n`;
}

/** A credential `main`, with more keys, in flow style. */
export function withCredential(more: string): string {
  return `credentials: {main: {tokenUrl: "https://id.example.com/token", clientId: abc, clientSecret: def, ${more}}}\n${leastRoutes}`;
}

export function withProvider(provider: string, more = ''): string {
  return `credentials: {main: {provider: ${provider}, baseUrl: "https://id.example.com", clientId: abc, clientSecret: def, ${more}}}\n${leastRoutes}`;
}

/** The credential `main`, of the usual kind. */
export function mainCredential(source: string, env: Env = {}): ClientCredentialsConfig {
  return ofType('client_credentials', read(source, env).credentials['main']);
}

export type ClientCredentialsConfig = Extract<CredentialConfig, { readonly type: 'client_credentials' }>;

/** A credential that must be there, and of that kind. */
export function ofType<T extends CredentialConfig['type']>(
  type: T,
  credential: CredentialConfig | undefined,
): Extract<CredentialConfig, { readonly type: T }> {
  if (credential?.type !== type) throw new Error(`there is no credential of type ${type}`);
  // The compiler does not narrow by a type parameter.
  return credential as Extract<CredentialConfig, { readonly type: T }>;
}
