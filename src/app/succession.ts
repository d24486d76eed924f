import type { Config } from '../config/schema.ts';
import type { Stop } from '../stop.ts';
import type { Generation, Lasting } from './generation.ts';
import type { Generations } from './generations.ts';
import type { Ports } from './ports.ts';

/** Takes over what it can from the one before. */
export type OpenGeneration = (config: Config, before?: Generation) => Promise<Generation>;

/** Milliseconds that the first tokens of changed credentials are waited for, while the old ones are in use. */
const WARM_MS = 10_000;

interface SuccessionOptions {
  readonly lasting: Pick<Lasting, 'clock' | 'replayMemory'>;
  readonly open: OpenGeneration;
  readonly generations: Generations;
  readonly ports: Ports;
  readonly stopping: Stop;
}

/** Puts one config in the place of another, one at a time. */
export class Succession {
  readonly #options: SuccessionOptions;
  #last: Promise<void> = Promise.resolve();
  #moving: Promise<void> | undefined;

  constructor(options: SuccessionOptions) {
    this.#options = options;
  }

  /** While ports are being opened: resolves when they are, or cannot be. */
  get moving(): Promise<void> | undefined {
    return this.#moving;
  }

  reload(config: Config): Promise<void> {
    const reloaded = this.#last.then(() => this.#reload(config));
    this.#last = reloaded.catch(() => {});
    return reloaded;
  }

  async #reload(config: Config): Promise<void> {
    const { lasting, open, generations, ports, stopping } = this.#options;
    const before = generations.current;
    const next = await open(config, before);
    try {
      await next.prepare();
      await this.#atMost(WARM_MS, next.warm(before));
      if (stopping.aborted) throw new Error('the proxy is shutting down');
      await this.#move(ports.become(config));
    } catch (error) {
      await next.close();
      throw error;
    }
    lasting.replayMemory.limit = config.limits.replayMemory;
    generations.replaceBy(next);
  }

  async #move(moved: Promise<void>): Promise<void> {
    this.#moving = moved.catch(() => {});
    try {
      await moved;
    } finally {
      this.#moving = undefined;
    }
  }

  /** Nor longer than until we stop. */
  #atMost(ms: number, promise: Promise<void>): Promise<void> {
    const { lasting, stopping } = this.#options;
    return new Promise((resolve, reject) => {
      const over = (): void => {
        cancel();
        stopping.removeEventListener('abort', over);
        resolve();
      };
      const cancel = lasting.clock.after(ms, over);
      stopping.addEventListener('abort', over);
      promise.then(over, reject);
    });
  }
}
