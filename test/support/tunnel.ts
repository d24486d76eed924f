import type { Clock } from '../../src/clock.ts';
import { connectRaw, type RawConnection } from './client.ts';
import { type Proxy as RunningProxy, startProxy } from './proxy.ts';
import { hasHead, type RawApi, startRawApi } from './raw-api.ts';

export const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';

/** A handshake; `lines` may be more fields. */
export function handshake(...lines: readonly string[]): string {
  const all = ['GET /api/x HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: x', ...lines];
  return `${all.join('\r\n')}\r\n\r\n`;
}

export interface TunnelScene {
  readonly proxy: RunningProxy;
  readonly api: RawApi;
  readonly client: RawConnection;
  /** The API's end of the first connection. */
  readonly end: RawConnection;
}

export interface TunnelOptions {
  readonly clock?: Clock;
  readonly route?: object;
  readonly config?: object;
}

/** A handshake that the API has got and not answered. */
export async function askForTunnel({ clock, route = {}, config = {} }: TunnelOptions = {}): Promise<TunnelScene> {
  const api = await startRawApi();
  const proxy = await startProxy(
    { routes: [{ prefix: '/api', upstream: api.url, ...route }], ...config },
    clock === undefined ? {} : { clock },
  );
  const client = await connectRaw(proxy.port);
  client.send(handshake());
  const end = await api.connection();
  await end.until(hasHead);
  return { proxy, api, client, end };
}

/** A tunnel that is open: both ends have seen the 101. */
export async function openTunnel(options: TunnelOptions = {}): Promise<TunnelScene> {
  const scene = await askForTunnel(options);
  scene.end.send(SWITCHING);
  await scene.client.until(hasHead);
  return scene;
}

/** What came behind the head. */
export function behindHead(received: string): string {
  const end = received.indexOf('\r\n\r\n');
  return end === -1 ? '' : received.slice(end + 4);
}
