import { curlLine } from '../app/curl-line.ts';
import type { App } from '../app.ts';
import { rivals } from '../config/rivals.ts';
import type { Config } from '../config/schema.ts';
import type { Log } from '../observe/log.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { version } from '../version.ts';
import { exposures } from './exposure.ts';
import type { Process } from './process.ts';
import { routeTable } from './routes.ts';

export interface Announcement {
  readonly config: Config;
  readonly log: Log;
  readonly app: App;
  readonly sandbox: Sandbox | undefined;
  readonly process: Process;
}

/** So many routes are named in one line. */
const MOST_SHOWN = 5;

/** On a terminal for a person, else one line of the log. */
export function announce({ config, log, app, sandbox, process }: Announcement): void {
  const { listening, admin } = addressesOf(app, config);
  for (const exposure of exposures(process.env)) log.warn(exposure);
  warnOf(config, log);
  if (!process.stdout.isTTY) {
    const table = config.routes.map(({ prefix, upstream, credential }) => ({
      prefix,
      upstream: `${upstream.origin}${upstream.basePath}`,
      credential,
    }));
    log.info({ version, listening, admin, sandbox: sandbox?.url, routes: table }, 'listening');
    return;
  }
  process.stdout.write(
    [
      `bearerway ${version} on ${listening.join(' and ')}${admin === undefined ? '' : `, admin on ${admin}`}`,
      ...(sandbox === undefined ? [] : [`sandbox on ${sandbox.url}`]),
      '',
      routeTable(config.routes),
      `try: ${curlLine(config.listen, listening[0] ?? '', config.routes[0]?.prefix)}`,
      '',
      '',
    ].join('\n'),
  );
}

/** Where it listens, as URLs. */
export function addressesOf(
  { bound, admin }: Pick<App, 'bound' | 'admin'>,
  config: Pick<Config, 'admin'>,
): { readonly listening: readonly string[]; readonly admin: string | undefined } {
  const host = config.admin === false ? '' : config.admin.host;
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${admin?.port}`;
  return { listening: bound.addresses, admin: admin && origin };
}

/** What may be done, and is to be known. */
export function warnOf({ routes }: Config, log: Log): void {
  for (const { prefix, tls } of routes) {
    if (tls.insecure)
      log.warn(
        { route: prefix },
        'tls.insecure: the identity of this API is not verified; whoever is between can take the token',
      );
  }
  for (const { taken, others } of rivals(routes)) {
    const shown = others.length > MOST_SHOWN ? [...others.slice(0, MOST_SHOWN), '…'] : others;
    log.warn(
      { route: taken, notTaken: shown },
      'routes with the same upstream: as a forward proxy the first is taken (forward: false on all but one would be clear)',
    );
  }
}
