import type { Config } from '../config/schema.ts';
import { Failure } from '../errors.ts';
import type { InboundRequest } from '../exchange.ts';
import { isLoopbackHost } from '../loopback.ts';
import { type ToldRequest, toldRequest } from '../observe/latest-requests.ts';
import { adminLog, clientTokenLog, turnedAwayLog } from '../observe/log.ts';
import { guard, ownHosts } from '../proxy/guard.ts';
import { ownPages } from '../proxy/pages.ts';
import type { RequestRecord } from '../proxy/record.ts';
import { type Secret, watchSecret } from '../secret.ts';
import { type Admin, startAdmin } from '../server/admin.ts';
import { Events } from '../server/events.ts';
import { type Health, healthPages } from '../server/health.ts';
import { metricsPage } from '../server/metrics-page.ts';
import { json, type Page, PageHandler } from '../server/pages.ts';
import { refreshPage } from '../server/refresh-page.ts';
import { statusPages } from '../server/status-page.ts';
import type { Generation } from './generation.ts';
import type { Observation } from './observation.ts';
import { type StatusSources, status, wholeStatus } from './status.ts';
import type { Surroundings } from './surroundings.ts';

export interface AdminContext extends Surroundings {
  /** The id of this process in `Bearerway-Hop`. */
  readonly hopId: string;
  readonly health: Health;
  readonly observation: Observation;
  /** Of the config that is in force. */
  readonly generation: () => Generation;
}

export type AdminConfig = Exclude<Config['admin'], false>;

/** Opens the admin port, and opens it elsewhere. Rejects when it or its client token cannot be had. `listen` gives the addresses of the main port. */
export type OpenAdmin = (given: AdminConfig, listen: () => readonly string[]) => Promise<Admin>;

/** What is seen there outlives the port. */
export function adminPort(context: AdminContext): OpenAdmin {
  const { clock, log, newId, hopId } = context;
  const turnedAway = turnedAwayLog(log, clock, 'to the admin port ');
  let addresses = (): readonly string[] => [];
  const pages = adminPages(context, () => addresses());
  return async (given, listen) => {
    addresses = listen;
    const clientToken = await watchSecret(given.clientToken, clock, clientTokenLog(log, 'admin.clientTokenFile'));
    const guard = adminGuard(given, hopId, clientToken.current);
    const handler = new PageHandler({ pages, guard, newId, failed: adminLog(log) });
    try {
      const { port, close } = await startAdmin(handler, { ...given, clock, turnedAway });
      return {
        port,
        async close() {
          clientToken.stop();
          await close();
        },
      };
    } catch (error) {
      clientToken.stop();
      throw error;
    }
  };
}

function adminPages({ clock, health, observation, generation }: AdminContext, listen: () => readonly string[]): Page[] {
  const { work } = observation;
  const sources = (): StatusSources => ({ observation, generation: generation(), health, listen: listen() });
  const events = new Events({
    clock,
    status: () => status(sources()),
    // Of another process they come as they are told.
    told: (request: RequestRecord | ToldRequest) =>
      'time' in request ? request : toldRequest(request, clock.wallMs()),
    listened: (isListened) => work.watched(isListened),
  });
  work.follow(events);
  observation.tokens.follow(events.statusChanged);
  return [
    ...statusPages,
    ...healthPages(health),
    metricsPage(() => observation.metrics(() => generation().credentials.values())),
    { method: 'GET', path: '/api/status', open: false, visit: async () => json(await wholeStatus(sources())) },
    events.page,
    refreshPage((name, signal) => generation().credentials.get(name)?.refresh(signal)),
  ];
}

/** As the main port's, but that pages of our own may ask. */
function adminGuard(
  { host, allowedHosts, clientToken }: AdminConfig,
  hopId: string,
  current: () => Secret | undefined,
): (request: InboundRequest) => string {
  const admit = guard({
    hosts: ownHosts(host, allowedHosts),
    anyHost: false,
    pages: ownPages,
    settings: 'admin',
    clientToken: current,
    hopId,
    isUpstream: () => false,
  });
  const isOpen = !isLoopbackHost(host) && host !== '::1';
  return (request) => {
    if (isOpen && clientToken === undefined)
      throw new Failure(
        'path_denied',
        'beyond loopback this page is for who has the client token: set admin.clientToken',
      );
    return admit(request).target.path;
  };
}
