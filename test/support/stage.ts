import { expect } from 'vitest';
import { type Api, startApi } from './api.ts';
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts';
import { oneRoute, type Proxy as RunningProxy, startProxy } from './proxy.ts';
import { ask, type RawReply } from './raw-replies.ts';

/** A whole product with one route `/api`, its first token in hand: what comes in from now on was caused by the test. */
export class Stage {
  readonly provider: IdentityProvider;
  readonly api: Api;
  readonly proxy: RunningProxy;

  constructor(provider: IdentityProvider, api: Api, proxy: RunningProxy) {
    this.provider = provider;
    this.api = api;
    this.proxy = proxy;
  }

  /** Sends bytes that must be answered so by the proxy itself, without a call to the API or for a token, by a process that lives on. */
  async refuses(bytes: string | Buffer, status: number, code: string | undefined): Promise<RawReply> {
    const { api, provider, proxy } = this;
    const before = [api.requests.length, provider.requests.length];
    const reply = await ask(proxy.port, bytes);
    expect({ status: reply.status, code: reply.code }).toEqual({ status, code });
    expect([api.requests.length, provider.requests.length]).toEqual(before);
    await this.lives();
    return reply;
  }

  /** Sends bytes that must be let through to the API. */
  async passes(bytes: string | Buffer): Promise<RawReply> {
    const before = this.api.requests.length;
    const reply = await ask(this.proxy.port, bytes);
    expect({ status: reply.status, code: reply.code }).toEqual({ status: 200, code: undefined });
    expect(this.api.requests.length - before).toBe(1);
    return reply;
  }

  /** The process still answers. */
  async lives(): Promise<void> {
    const reply = await ask(this.proxy.port, 'GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n');
    expect(reply.code).toBe('host_denied');
  }
}

interface StageOptions {
  readonly listen?: Readonly<Record<string, unknown>>;
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly route?: Readonly<Record<string, unknown>>;
}

export async function setStage({ listen = {}, limits = {}, route = {} }: StageOptions = {}): Promise<Stage> {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const proxy = await startProxy({ ...oneRoute(api, provider, route), listen, limits });
  await provider.requested(1);
  return new Stage(provider, api, proxy);
}
