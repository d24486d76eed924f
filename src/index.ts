/**
 * What a program can use of Bearerway: a proxy of its own, or the tokens alone. To import it changes nothing of the
 * process; `docs/library.md` tells of it with examples.
 */
import { systemClock } from './clock.ts';
import type { Bearerway, BearerwayOptions } from './library/bearerway.ts';
import type { Edge } from './library/edge.ts';
import { OwnProxy } from './library/own-proxy.ts';
import { OwnTokens } from './library/own-tokens.ts';
import type { CredentialConfig, ProxyConfig } from './library/proxy-config.ts';
import type { TokenSource, TokenSourceOptions } from './library/token-source.ts';
import { randomId } from './random-id.ts';

export type {
  Bearerway,
  BearerwayEvents,
  BearerwayOptions,
  Listening,
  RequestTold,
  TokenTold,
} from './library/bearerway.ts';
export { BearerwayError, type ConfigFault, type ErrorCode } from './library/errors.ts';
export type { Logger } from './library/logger.ts';
export type { CredentialConfig, ProxyConfig, RouteConfig } from './library/proxy-config.ts';
export type { AccessToken, TokenSource, TokenSourceOptions } from './library/token-source.ts';

/**
 * A proxy in this process. `config` is an object as `proxy.yaml` spells it, in which nothing is replaced (`${NAME}`
 * stands for itself), or the path of such a file. It is looked at by `start`.
 */
export function createBearerway(
  config: ProxyConfig | { readonly file: string },
  options: BearerwayOptions = {},
): Bearerway {
  return new OwnProxy(config, edge(options), options.log);
}

/**
 * The tokens of one credential, spelt as in `proxy.yaml`. Nothing is asked for before the first `get`. Throws a
 * BearerwayError `config_invalid`.
 */
export function createTokenSource(credential: CredentialConfig, options: TokenSourceOptions = {}): TokenSource {
  return new OwnTokens(credential, options, edge(options));
}

function edge({ env = process.env, folder = process.cwd() }: Pick<BearerwayOptions, 'env' | 'folder'>): Edge {
  return { env, folder, clock: systemClock, random: Math.random, newId: randomId };
}
