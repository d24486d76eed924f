import type { Clock } from '../clock.ts';
import { LatestRequests } from '../observe/latest-requests.ts';
import type { Log } from '../observe/log.ts';
import { type MeasuredToken, type MetricsText, openMetrics } from '../observe/metrics.ts';
import { requestLog } from '../observe/request-log.ts';
import { TokenTraffic } from '../observe/token-traffic.ts';
import { Traffic, type TrafficCounts } from '../observe/traffic.ts';
import type { ReplayMemory } from '../proxy/body.ts';
import type { InFlight } from '../proxy/in-flight.ts';
import type { RequestObserver } from '../proxy/record.ts';
import type { Credential } from './credential.ts';
import { ReloadState } from './reload-state.ts';
import type { Surroundings } from './surroundings.ts';

export interface ObservationOptions extends Pick<Surroundings, 'clock' | 'log' | 'watcher'> {
  readonly inFlight: InFlight;
  readonly replayMemory: ReplayMemory;
}

/** What is seen and counted of the work. It outlives a config: counters never go back. */
export class Observation {
  readonly tokens = new TokenTraffic();
  readonly latest: LatestRequests;
  readonly reloads: ReloadState;
  readonly observe: RequestObserver;
  readonly startedAtWallMs: number;
  readonly #startedAtMs: number;
  readonly #clock: Clock;
  readonly #traffic: Traffic;
  readonly #log: Log;
  readonly #inFlight: InFlight;
  readonly #replayMemory: ReplayMemory;
  #follow: RequestObserver = () => {};
  #metrics: Promise<() => Promise<MetricsText>> | undefined;

  constructor({ clock, log, watcher, inFlight, replayMemory }: ObservationOptions) {
    this.#clock = clock;
    this.startedAtWallMs = clock.wallMs();
    this.#startedAtMs = clock.monotonicMs();
    this.latest = new LatestRequests(clock);
    this.reloads = new ReloadState(clock);
    this.#traffic = new Traffic(clock);
    this.#log = log;
    this.#inFlight = inFlight;
    this.#replayMemory = replayMemory;
    const logged = requestLog(log, clock);
    const counted = this.#traffic.observe;
    const remembered = this.latest.observe;
    this.observe = (record) => {
      logged(record);
      counted(record);
      remembered(record);
      this.#follow(record);
      watcher?.request(record);
    };
  }

  get uptimeMs(): number {
    return this.#clock.monotonicMs() - this.#startedAtMs;
  }

  get inFlight(): number {
    return this.#inFlight.total;
  }

  traffic(): TrafficCounts {
    return this.#traffic.read();
  }

  /** One who hears of each request as well. */
  follow(follower: RequestObserver): void {
    this.#follow = follower;
  }

  /** For Prometheus. `credentials` gives those of the config that is in force. */
  async metrics(credentials: () => Iterable<Credential>): Promise<MetricsText> {
    this.#metrics ??= openMetrics(() => ({
      traffic: this.#traffic.read(),
      inFlight: this.#inFlight.total,
      tokens: [...credentials()].map((each) => this.#token(each)),
      replayBuffer: this.#replayMemory.taken,
      logDropped: this.#log.dropped(),
      reloadFailures: this.reloads.failures,
    }));
    const read = await this.#metrics;
    return await read();
  }

  #token({ source }: Credential): MeasuredToken {
    const { credential, latest } = source;
    const expiresAtMs = latest && latest.requestedAtWallMs + latest.lifetimeMs;
    return { ...this.tokens.read(credential), expiresAtMs: Number.isFinite(expiresAtMs) ? expiresAtMs : undefined };
  }
}
