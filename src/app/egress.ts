import { alike } from '../alike.ts';
import { isOwnListener } from '../config/own-listener.ts';
import type { Config } from '../config/schema.ts';
import { Egress, originOf, type ProxyAddress } from '../egress.ts';
import type { Log } from '../observe/log.ts';

type Named = Pick<Config, 'egress' | 'listen'>;

/** The way out; the one `before` if it is no other. A proxy that is ourselves is none: the environment may be meant for our clients. */
export function openEgress(config: Named, before?: Egress): Egress {
  const options = { ...config.egress, ...others(config) };
  return before !== undefined && alike(options, before.options) ? before : new Egress(options);
}

/** Tells in the log of the way out. */
export function egressLog(config: Named, log: Log): void {
  const { http, https } = others(config);
  if (http !== config.egress.http || https !== config.egress.https)
    log.warn('the egress proxy (egress.proxy, HTTPS_PROXY or HTTP_PROXY) is this proxy itself; it is ignored');
  if (http === undefined && https === undefined) return;
  const named = { http: http && originOf(http), https: https && originOf(https) };
  log.info(named, 'APIs and token endpoints are reached by way of an egress proxy');
}

function others({ egress, listen }: Named) {
  const other = (proxy: ProxyAddress | undefined): ProxyAddress | undefined =>
    proxy !== undefined && isOwnListener(originOf(proxy), listen) ? undefined : proxy;
  return { http: other(egress.http), https: other(egress.https) };
}
