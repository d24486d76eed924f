import { EventEmitter, once } from 'node:events';
import { onTestFinished } from 'vitest';
import {
  type Bearerway,
  type BearerwayOptions,
  createBearerway,
  type ProxyConfig,
  type RequestTold,
} from '../../src/index.ts';
import { type Api, startApi } from '../support/api.ts';
import { CLIENT_ID, CLIENT_SECRET } from '../support/canary.ts';
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts';

export interface Stage {
  readonly provider: IdentityProvider;
  readonly api: Api;
  readonly proxy: Bearerway;
  readonly config: ProxyConfig;
  /** What was told of requests, when it is of so many. */
  told(count: number): Promise<readonly RequestTold[]>;
}

type Changed = Partial<ProxyConfig> & { readonly route?: Partial<ProxyConfig['routes'][number]> };

/** A proxy as a program has it, with one route `/api`; not started yet. */
export async function stage({ route, ...changed }: Changed = {}, options: BearerwayOptions = {}): Promise<Stage> {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const config: ProxyConfig = {
    listen: { port: 0 },
    admin: false,
    shutdown: { timeout: '0s' },
    credentials: { main: { tokenUrl: provider.url, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET } },
    routes: [{ prefix: '/api', upstream: api.url, credential: 'main', ...route }],
    ...changed,
  };
  const proxy = createBearerway(config, { env: {}, ...options });
  onTestFinished(() => proxy.stop());
  const all: RequestTold[] = [];
  const more = new EventEmitter();
  proxy.on('request', (request) => {
    all.push(request);
    more.emit('told');
  });
  const told = async (count: number): Promise<readonly RequestTold[]> => {
    while (all.length < count) await once(more, 'told');
    return all;
  };
  return { provider, api, proxy, config, told };
}

/** Headers as the API saw them. */
export function seenHeaders({ requests }: Api): Readonly<Record<string, unknown>> {
  return requests.at(-1)?.headers ?? {};
}
