import { alike } from '../alike.ts';
import type { Config } from '../config/schema.ts';
import { Egress, isOurselves, originOf, type ProxyAddress } from '../egress.ts';
import type { Log } from '../observe/log.ts';

/**
 * The way out, told of in the log; the one `before` if it is no other. A proxy that is ourselves is none: the
 * environment may be meant for our clients.
 */
export function openEgress({ egress, listen }: Pick<Config, 'egress' | 'listen'>, log: Log, before?: Egress): Egress {
  const others = (proxy: ProxyAddress | undefined): ProxyAddress | undefined =>
    proxy !== undefined && isOurselves(proxy, listen) ? undefined : proxy;
  const [http, https] = [others(egress.http), others(egress.https)];
  const options = { ...egress, http, https };
  if (before !== undefined && alike(options, before.options)) return before;
  const named = { http: http && originOf(http), https: https && originOf(https) };
  if (http !== egress.http || https !== egress.https)
    log.warn('the egress proxy (egress.proxy, HTTPS_PROXY or HTTP_PROXY) is this proxy itself; it is ignored');
  if (http !== undefined || https !== undefined)
    log.info(named, 'APIs and token endpoints are reached by way of an egress proxy');
  return new Egress(options);
}
