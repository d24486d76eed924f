import type { Watcher } from '../app/surroundings.ts';
import { type App, startApp } from '../app.ts';
import type { Clock } from '../clock.ts';
import { checkConfig, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { Failure } from '../errors.ts';
import type { RequestRecord } from '../proxy/record.ts';
import type { Bearerway, BearerwayEvents, Listening, RequestTold } from './bearerway.ts';
import type { Edge } from './edge.ts';
import { BearerwayError } from './errors.ts';
import { Listeners } from './listeners.ts';
import type { Logger } from './logger.ts';
import { ownFetch } from './own-fetch.ts';
import { logTo } from './own-log.ts';
import type { ProxyConfig } from './proxy-config.ts';
import { expiryOf, told, toldFailure } from './told.ts';

export class OwnProxy implements Bearerway {
  readonly #given: ProxyConfig | { readonly file: string };
  readonly #edge: Edge;
  readonly #logger: Logger | undefined;
  readonly #listeners = new Listeners<BearerwayEvents>();
  /** From the start to the stop. */
  #running: Promise<App> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(given: ProxyConfig | { readonly file: string }, edge: Edge, logger: Logger | undefined) {
    this.#given = given;
    this.#edge = edge;
    this.#logger = logger;
  }

  async start(): Promise<Listening> {
    await this.#stopping;
    const isFirst = this.#running === undefined;
    this.#running ??= this.#open();
    const app = await this.#running;
    const listening = listeningOf(app);
    if (isFirst) this.#listeners.tell('listening', listening);
    return listening;
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return await this.#stopping;
    const stopped = running.then(
      (app) => app.stop(),
      () => {},
    );
    this.#stopping = stopped;
    await stopped;
  }

  async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const app = await this.#running;
    if (app === undefined) throw new BearerwayError('not_running', 'the proxy is not running (await start() first)');
    return await ownFetch(app.callers, input, init);
  }

  on<Name extends keyof BearerwayEvents>(event: Name, listener: (told: BearerwayEvents[Name]) => void): this {
    this.#listeners.add(event, listener);
    return this;
  }

  off<Name extends keyof BearerwayEvents>(event: Name, listener: (told: BearerwayEvents[Name]) => void): this {
    this.#listeners.remove(event, listener);
    return this;
  }

  async #open(): Promise<App> {
    try {
      const config = await this.#config();
      const log = logTo(this.#logger, config.log.level);
      // Programs of others are not started a second time.
      return await startApp(
        { ...config, workers: 1 },
        { ...this.#edge, log, watcher: watcher(this.#listeners, this.#edge.clock) },
      );
    } catch (error) {
      this.#running = undefined;
      throw told(error);
    }
  }

  async #config(): Promise<Config> {
    const given = this.#given;
    // No configuration has such a key.
    if ('file' in given && typeof given.file === 'string') return await loadConfig(given.file, this.#edge.env);
    return checkConfig(given, this.#edge);
  }
}

function listeningOf({ bound, admin }: App): Listening {
  return { addresses: bound.addresses, port: bound.port, adminPort: admin?.port };
}

function watcher(listeners: Listeners<BearerwayEvents>, clock: Clock): Watcher {
  return {
    request: (record) => {
      if (listeners.has('request')) listeners.tell('request', requestTold(record));
    },
    token: (credential, outcome, retryInMs) => {
      if (outcome instanceof Failure) {
        const { code, message: detail } = toldFailure(outcome);
        listeners.tell('token', { credential, ok: false, code, detail, retryInMs });
      } else listeners.tell('token', { credential, ok: true, expiresAt: expiryOf(outcome, clock) });
    },
  };
}

function requestTold(record: Readonly<RequestRecord>): RequestTold {
  const { requestId, method, path, route, credential, status, durationMs, upstreamMs, retry } = record;
  const { bytesIn, bytesOut, client, error } = record;
  const what = { requestId, method, path, route, credential, status, durationMs, upstreamMs, retry };
  return { ...what, bytesIn, bytesOut, client, error };
}
