import type { Clock } from '../clock.ts';
import { type MeasuredToken, type MetricsText, openMetrics } from '../observe/metrics.ts';
import type { TokenTraffic } from '../observe/token-traffic.ts';
import type { KeptCredential } from './credential.ts';
import { ReloadState } from './reload-state.ts';
import type { Work } from './work.ts';

export interface ObservationOptions {
  readonly clock: Clock;
  readonly tokens: TokenTraffic;
  readonly work: Work;
}

/** What is seen and counted. It outlives a config: counters never go back. */
export class Observation {
  readonly work: Work;
  readonly reloads: ReloadState;
  readonly startedAtWallMs: number;
  readonly #startedAtMs: number;
  readonly #clock: Clock;
  readonly tokens: TokenTraffic;
  #metrics: Promise<() => Promise<MetricsText>> | undefined;

  constructor({ clock, tokens, work }: ObservationOptions) {
    this.#clock = clock;
    this.startedAtWallMs = clock.wallMs();
    this.#startedAtMs = clock.monotonicMs();
    this.reloads = new ReloadState(clock);
    this.tokens = tokens;
    this.work = work;
  }

  get uptimeMs(): number {
    return this.#clock.monotonicMs() - this.#startedAtMs;
  }

  /** For Prometheus. `credentials` gives those of the config that is in force. */
  async metrics(credentials: () => Iterable<KeptCredential>): Promise<MetricsText> {
    const { work, reloads } = this;
    await work.refresh();
    this.#metrics ??= openMetrics(() => ({
      traffic: work.traffic(),
      inFlight: work.inFlight,
      tokens: [...credentials()].map((each) => this.#token(each)),
      replayBuffer: work.replayBuffer,
      logDropped: work.logDropped,
      reloadFailures: reloads.failures,
    }));
    const read = await this.#metrics;
    return await read();
  }

  #token({ source }: KeptCredential): MeasuredToken {
    const { credential, latest } = source;
    const expiresAtMs = latest && latest.requestedAtWallMs + latest.lifetimeMs;
    return { ...this.tokens.read(credential), expiresAtMs: Number.isFinite(expiresAtMs) ? expiresAtMs : undefined };
  }
}
