import { Pool } from 'undici';
import { onTestFinished } from 'vitest';
import { bearerway, type Command, configFile } from '../cli/command.ts';
import { type Api, startApi } from './api.ts';
import { expectNoCanary } from './canary.ts';
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts';
import { oneRoute } from './proxy.ts';
import type { RedisServer } from './redis-server.ts';
import { STORE_KEY } from './store-keys.ts';

/** One proxy of several: a process as people start it. */
export class Member {
  readonly command: Command;
  readonly admin: string;
  readonly #pool: Pool;

  constructor(command: Command, { port, admin }: { readonly port: number; readonly admin: string }) {
    this.command = command;
    this.admin = admin;
    this.#pool = new Pool(`http://127.0.0.1:${port}`, { connections: 50 });
    onTestFinished(async () => {
      await this.#pool.destroy();
      expectNoCanary(command.stdout + command.stderr, 'the output');
    });
  }

  /** The status of one request. */
  async call(): Promise<number> {
    const { statusCode, body } = await this.#pool.request({ path: '/api/x', method: 'GET' });
    await body.dump();
    return statusCode;
  }

  /** The statuses that so many requests at once got; each of them once. */
  async calls(count: number): Promise<number[]> {
    return [...new Set(await Promise.all(Array.from({ length: count }, () => this.call())))];
  }

  async ready(): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(`${this.admin}/readyz`);
    return { status: answer.status, text: await answer.text() };
  }

  /** Its messages that begin like this, when there are so many at least. */
  async told(start: string, times: number): Promise<string[]> {
    let told: string[] = [];
    await this.command.logged(() => {
      told = this.command.log.map(({ msg }) => String(msg)).filter((msg) => msg.startsWith(start));
      return told.length >= times;
    });
    return told;
  }

  /** What it told of Redis, when it has done so so often at least. */
  async toldOfRedis(times: number): Promise<string[]> {
    const told = await this.told('token store:', times);
    return told.map((message) => (message.includes('is there') ? 'there' : 'away'));
  }
}

export interface Fleet {
  readonly provider: IdentityProvider;
  readonly api: Api;
  readonly members: readonly Member[];
  /** One more, with the same credential. */
  join(): Promise<Member>;
}

/** So many proxies with one credential and one store; all have connected to it, and have the first token. */
export async function startFleet(
  redis: RedisServer,
  size: number,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Fleet> {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const file = await configFile({
    ...oneRoute(api, provider),
    tokenStore: { redis: { url: redis.url, encryptionKey: STORE_KEY, ...more } },
  });
  const join = async (): Promise<Member> => {
    const command = bearerway(['run', '-c', file]);
    const member = new Member(command, await command.listening());
    await member.toldOfRedis(1);
    await member.told('token obtained', 1);
    return member;
  };
  return { provider, api, members: await Promise.all(Array.from({ length: size }, join)), join };
}
