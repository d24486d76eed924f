/** What workers serve by, on its way to them: nothing of it has to be read again, and no secret of a credential is in it. */
import type { Config } from '../config/schema.ts';
import type { ProxyAddress } from '../egress.ts';
import { fileSecret, fixedSecret, Secret, type SecretSource } from '../secret.ts';
import type { ServedConfig } from './parts.ts';

type Spelt<T> = Omit<T, 'authorization'> & { readonly authorization: string | undefined };

/** Plain values, as JSON has them. */
export interface WorkerConfig extends Pick<Config, 'limits' | 'routes' | 'shutdown'> {
  readonly listen: Omit<Config['listen'], 'clientToken'>;
  /** As it is at the moment, and the file that another may come to stand in. */
  readonly clientToken: { readonly value: string; readonly file: string | undefined } | undefined;
  readonly egress: Omit<Config['egress'], 'http' | 'https'> & {
    readonly http: Spelt<ProxyAddress> | undefined;
    readonly https: Spelt<ProxyAddress> | undefined;
  };
  readonly credentials: Readonly<Record<string, Pick<Config['credentials'][string], 'inject'>>>;
}

export function workerConfig(config: Config, clientToken: Secret | undefined): WorkerConfig {
  const { limits, routes, shutdown, egress, credentials } = config;
  const { clientToken: given, ...listen } = config.listen;
  return {
    ...{ limits, routes, shutdown, listen },
    clientToken: clientToken && { value: clientToken.reveal(), file: given?.file },
    egress: { ...egress, http: spelt(egress.http), https: spelt(egress.https) },
    credentials: Object.fromEntries(Object.entries(credentials).map(([name, { inject }]) => [name, { inject }])),
  };
}

function spelt(proxy: ProxyAddress | undefined): Spelt<ProxyAddress> | undefined {
  return proxy && { ...proxy, authorization: proxy.authorization?.reveal() };
}

export function servedConfig({ clientToken, listen, egress, ...config }: WorkerConfig): ServedConfig {
  return {
    ...config,
    listen: { ...listen, clientToken: clientToken && clientTokenSource(clientToken) },
    egress: { ...egress, http: read(egress.http), https: read(egress.https) },
    // Tokens are the first process's to get.
    tokenStore: 'memory',
  };
}

function read(proxy: Spelt<ProxyAddress> | undefined): ProxyAddress | undefined {
  const { authorization } = proxy ?? {};
  return proxy && { ...proxy, authorization: authorization === undefined ? undefined : new Secret(authorization) };
}

/** What its file holds may be no token by now: then that of the other workers is this one's. */
function clientTokenSource({ value, file }: NonNullable<WorkerConfig['clientToken']>): SecretSource {
  if (file === undefined) return fixedSecret(value);
  const source = fileSecret(file);
  let given: Secret | undefined = new Secret(value);
  return {
    ...{ rotates: true, file },
    async read() {
      const first = given;
      given = undefined;
      return await source.read().catch((error) => {
        if (first === undefined) throw error;
        return first;
      });
    },
  };
}
