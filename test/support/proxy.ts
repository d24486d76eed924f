import { EventEmitter, once } from 'node:events';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { type App, startApp } from '../../src/app.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { createLog } from '../../src/observe/log.ts';
import { randomId } from '../../src/random-id.ts';
import type { Api } from './api.ts';
import { CLIENT_ID, CLIENT_SECRET, expectNoCanary } from './canary.ts';
import { type CallOptions, call, type Reply } from './client.ts';
import type { IdentityProvider } from './identity-provider.ts';

export type LogLine = Readonly<Record<string, unknown>>;

/** A whole proxy, as `bearerway run` starts it, on free ports; its log is kept. */
export class RunningProxy {
  readonly app: App;
  readonly port: number;
  readonly log: LogLine[];
  readonly #logged: EventEmitter;
  #stopped: Promise<void> | undefined;

  constructor(app: App, log: LogLine[], logged: EventEmitter) {
    this.app = app;
    this.port = app.bound.port ?? 0;
    this.log = log;
    this.#logged = logged;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.app.admin?.port}`;
  }

  /** One request on a connection of its own. */
  call(path: string, options: CallOptions = {}): Promise<Reply> {
    return call(this.port, path, options);
  }

  /** Serves by another config from now on, spelt as that of the start. */
  reload(config: Spelt): Promise<void> {
    return this.app.reload(parsed(config));
  }

  /** The same, to the admin port; what it says must hold no secret. */
  async askAdmin(path: string, options: CallOptions = {}): Promise<Reply> {
    const reply = await call(this.app.admin?.port ?? 0, path, options);
    expectNoCanary(`${reply.rawHeaders.join('\n')}\n${reply.text}`, path);
    return reply;
  }

  /** As at the end of the test, if not before. */
  stop(): Promise<void> {
    this.#stopped ??= this.app.stop();
    return this.#stopped;
  }

  /** The log lines of requests. */
  get requests(): LogLine[] {
    return this.log.filter(({ msg }) => msg === 'request');
  }

  /** The log lines of requests, when there are so many. */
  async served(count: number): Promise<LogLine[]> {
    while (this.requests.length < count) await once(this.#logged, 'line');
    return this.requests;
  }

  /** Resolves when so many lines whose messages are like that have been logged. */
  async told(message: RegExp, times = 1): Promise<void> {
    while (this.log.filter(({ msg }) => message.test(String(msg))).length < times) await once(this.#logged, 'line');
  }
}

export type { RunningProxy as Proxy };

export interface ProxyOptions {
  readonly clock?: Clock;
  /** Whether the config is to be read as it is; else ports are chosen and a log at `trace` is kept. */
  readonly env?: Readonly<Record<string, string>>;
  /** What all jitter is made of. */
  readonly random?: () => number;
}

/** Without any jitter. */
export const steady = (): number => 0;

type Spelt = Readonly<Record<string, unknown>>;

function parsed(config: Spelt, env: Readonly<Record<string, string>> = {}): Config {
  const source = stringify({
    admin: { port: 0 },
    shutdown: { timeout: '0s' },
    ...config,
    listen: { ...(isOnSocket(config['listen']) ? {} : { port: 0 }), ...(config['listen'] ?? {}) },
  });
  return parseConfig(source, { file: 'proxy.yaml', env });
}

/** Starts one from a config as `proxy.yaml` spells it. When the test ends it is stopped, and its log must hold no secret. */
export async function startProxy(
  config: Spelt,
  { clock = systemClock, env = {}, random = Math.random }: ProxyOptions = {},
): Promise<RunningProxy> {
  const lines: LogLine[] = [];
  const logged = new EventEmitter();
  const log = createLog('trace', {
    write(line) {
      expectNoCanary(line, 'a log line');
      lines.push(JSON.parse(line));
      logged.emit('line');
    },
  });
  const app = await startApp(parsed(config, env), {
    clock,
    log,
    random,
    newId: randomId,
    env: process.env,
  });
  const proxy = new RunningProxy(app, lines, logged);
  onTestFinished(() => proxy.stop());
  return proxy;
}

function isOnSocket(listen: unknown): boolean {
  return typeof listen === 'object' && listen !== null && 'socket' in listen;
}

/** A credential for the test's identity provider. */
export function credentialFor(
  provider: IdentityProvider,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { tokenUrl: provider.url, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, ...more };
}

/** One route `/api` with one credential: what most tests need. */
export function oneRoute(
  api: Pick<Api, 'url'>,
  provider: IdentityProvider,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    credentials: { main: credentialFor(provider) },
    routes: [{ prefix: '/api', upstream: api.url, credential: 'main', ...more }],
  };
}
