import type { Log } from '../observe/log.ts';
import { type MeasuredToken, type MetricsText, openMetrics } from '../observe/metrics.ts';
import { requestLog } from '../observe/request-log.ts';
import { TokenTraffic } from '../observe/token-traffic.ts';
import { Traffic } from '../observe/traffic.ts';
import type { ReplayMemory } from '../proxy/body.ts';
import type { InFlight } from '../proxy/in-flight.ts';
import type { RequestObserver } from '../proxy/record.ts';
import type { Credential } from './credential.ts';
import type { Surroundings } from './surroundings.ts';

export interface ObservationOptions extends Pick<Surroundings, 'clock' | 'log'> {
  readonly inFlight: InFlight;
  readonly replayMemory: ReplayMemory;
}

/** How often the config was read anew, and could not be taken over. */
export interface Reloads {
  failures: number;
}

/** What is seen and counted of the work. It outlives a config: counters never go back. */
export class Observation {
  readonly tokens = new TokenTraffic();
  readonly reloads: Reloads = { failures: 0 };
  readonly observe: RequestObserver;
  readonly #traffic: Traffic;
  readonly #log: Log;
  readonly #inFlight: InFlight;
  readonly #replayMemory: ReplayMemory;
  #metrics: Promise<() => Promise<MetricsText>> | undefined;

  constructor({ clock, log, inFlight, replayMemory }: ObservationOptions) {
    this.#traffic = new Traffic(clock);
    this.#log = log;
    this.#inFlight = inFlight;
    this.#replayMemory = replayMemory;
    const logged = requestLog(log, clock);
    const counted = this.#traffic.observe;
    this.observe = (record) => {
      logged(record);
      counted(record);
    };
  }

  /** For Prometheus. `credentials` gives those of the config that is in force. */
  async metrics(credentials: () => Iterable<Credential>): Promise<MetricsText> {
    this.#metrics ??= openMetrics(() => ({
      traffic: this.#traffic.read(),
      inFlight: this.#inFlight.count,
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
