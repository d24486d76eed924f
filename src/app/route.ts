import { alike } from '../alike.ts';
import { authorizedSend } from '../auth/authorized-send.ts';
import type { TokenWaits } from '../auth/token-waits.ts';
import { configuredOrigin } from '../authority.ts';
import { basePathOf } from '../config/route.ts';
import type { RouteConfig } from '../config/schema.ts';
import type { Egress } from '../egress.ts';
import { coolDownLog } from '../observe/log.ts';
import { fieldPolicy } from '../proxy/headers.ts';
import type { InFlight } from '../proxy/in-flight.ts';
import { pathPattern } from '../proxy/path-pattern.ts';
import type { Route } from '../proxy/route-table.ts';
import { upstream } from '../proxy/upstream.ts';
import type { Credential } from './credential.ts';
import type { Surroundings } from './surroundings.ts';

export interface RouteContext extends Pick<Surroundings, 'clock' | 'log'> {
  /** As clients ask us. */
  readonly scheme: 'http' | 'https';
  readonly egress: Egress;
  readonly tokenWaits: TokenWaits;
  /** Those to its upstream. */
  readonly unanswered: InFlight;
}

export interface OpenRoute {
  readonly entry: Route;
  /** Whether it would be opened just so. */
  isSame(given: RouteConfig, used: Credential | undefined, context: Pick<RouteContext, 'scheme' | 'egress'>): boolean;
  /** Keeps no connection for later any more. */
  retire(): void;
  /** Breaks off whatever is under way. */
  close(): Promise<void>;
}

/** Where a route goes, with a token on every request if it has a credential. */
export function openRoute(
  given: RouteConfig,
  used: Credential | undefined,
  { clock, log, scheme, egress, tokenWaits, unanswered }: RouteContext,
): OpenRoute {
  const { send, retire, close } = upstream({ ...given, origin: given.upstream.origin, egress }, clock);
  const { retry, headers } = given;
  const authorized =
    used &&
    authorizedSend(send, {
      ...{ tokens: used.source, waits: tokenWaits, injection: used.injection, statuses: retry.statuses, clock },
      coolingDown: coolDownLog(log, given.prefix, given.credential),
    });
  const ownField = used?.injection.field;
  const dropped = [...headers.remove, ...Object.keys(headers.set), ...(ownField === undefined ? [] : [ownField])];
  const entry: Route = {
    prefix: given.prefix,
    origin: configuredOrigin(given.upstream.origin),
    basePath: basePathOf(given),
    forward: given.forward,
    methods: given.methods,
    paths: given.paths?.map(pathPattern),
    fields: fieldPolicy({
      dropped,
      set: Object.entries(headers.set).flat(),
      forwarded: given.forwardedHeaders ? scheme : undefined,
    }),
    parameter: used?.injection.parameter,
    credential: given.credential,
    keptBody: used === undefined || retry.statuses.length === 0 ? 0 : retry.maxBody,
    idleMs: given.timeouts.idle,
    unanswered,
    websocket: given.websocket,
    send: authorized ?? send,
  };
  return {
    entry,
    isSame: (others, theirs, context) =>
      used === theirs && scheme === context.scheme && egress === context.egress && alike(given, others),
    retire,
    close,
  };
}
