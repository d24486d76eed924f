import { statSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { configChanges, isUnchanged, keysOfRestart } from '../config/changes.ts';
import type { Environment } from '../config/environment.ts';
import { ConfigError } from '../config/faults.ts';
import { parseConfig, readConfig } from '../config/load.ts';
import { RefusedText } from '../config/refused-text.ts';
import type { Config } from '../config/schema.ts';
import { watchFiles } from '../config/watch.ts';
import type { Log } from '../observe/log.ts';
import type { ReloadState } from './reload-state.ts';

export interface ReloadingOptions {
  readonly file: string;
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Log;
  /** What is in use at the start, and what it was read from. */
  readonly config: Config;
  readonly text: string;
  /**
   * Puts another in its place; `text` is what it was read from. Resolves with what else the log is to tell of it;
   * rejects, with words for whoever wrote it, when that cannot be.
   */
  readonly apply: (config: Config, text: string) => Promise<Readonly<Record<string, unknown>>>;
  readonly state: ReloadState;
}

/** A config that could not be read is looked at again so often: what it lacks may be in a file that it names. */
const RETRY_MS = 5000;

/** Why it is read again. A signal is answered by a line of the log; a failure that goes on is no news. */
type Cause = 'SIGHUP' | 'change' | 'retry';

/** Reads the config again when it has changed, or when it is told to, and sees to its being used. */
export class Reloading {
  readonly #options: ReloadingOptions;
  /** What is no file, a pipe say, could be read only once. */
  readonly #isFile: boolean;
  #config: Config;
  #text: string;
  /** What was wrong with it last, as long as that is so. */
  #faults: string | undefined;
  readonly #refused = new RefusedText();
  #running: Promise<void> | undefined;
  /** Asked for while another one runs: done after it, once. */
  #next: Cause | undefined;
  #cancel = (): void => {};
  readonly #unwatch: () => void;
  #stopped = false;

  constructor(options: ReloadingOptions) {
    const { file, clock, config, text } = options;
    this.#options = options;
    this.#isFile = statSync(file, { throwIfNoEntry: false })?.isFile() ?? true;
    this.#config = config;
    this.#text = text;
    this.#unwatch = watchFiles({
      files: () => [...(this.#isFile ? [file] : []), ...this.#config.files],
      clock,
      changed: () => this.reload('change'),
    });
  }

  reload(cause: Cause): void {
    if (this.#stopped) return;
    if (this.#running === undefined) this.#running = this.#run(cause);
    else if (this.#next !== 'SIGHUP') this.#next = cause;
  }

  /** Reads it no more. */
  stop(): void {
    this.#stopped = true;
    this.#unwatch();
    this.#cancel();
  }

  async #run(cause: Cause): Promise<void> {
    await this.#reload(cause);
    const next = this.#next;
    this.#next = undefined;
    this.#running = next === undefined || this.#stopped ? undefined : this.#run(next);
  }

  async #reload(cause: Cause): Promise<void> {
    const { file, env, apply, state, log } = this.#options;
    this.#cancel();
    try {
      const text = this.#isFile ? await readConfig(file) : this.#text;
      const isKnown = await this.#refused.isAsBefore(text);
      if (cause === 'retry' && isKnown) {
        this.#retryLater();
        return;
      }
      const before = this.#config;
      // As a rule at the first look: to parse takes memory for nothing then.
      if (cause === 'change' && text === this.#text && before.files.length === 0) {
        this.#unchanged(cause);
        return;
      }
      const config = parseConfig(text, { file, env });
      const changes = configChanges(before, config);
      const facts = isUnchanged(changes) ? undefined : await apply(config, text);
      this.#config = config;
      this.#text = text;
      if (facts === undefined) {
        this.#unchanged(cause);
        return;
      }
      for (const key of keysOfRestart(before, config))
        log.warn({ key }, 'this change of the configuration takes effect with a restart');
      this.#faults = undefined;
      state.succeeded();
      log.info({ ...changes, ...facts }, 'the configuration was reloaded');
    } catch (error) {
      this.#failed(error, cause);
    }
  }

  #unchanged(cause: Cause): void {
    const { state, log } = this.#options;
    const isMended = this.#faults !== undefined;
    this.#faults = undefined;
    if (isMended) {
      state.succeeded();
      log.info('the configuration is the one in use again');
    } else if (cause === 'SIGHUP' && this.#isFile) log.info('SIGHUP: the configuration has not changed');
    else if (cause === 'SIGHUP')
      log.warn('SIGHUP: the configuration came from what is no file, and cannot be read again; it stays in use');
  }

  #failed(error: unknown, cause: Cause): void {
    const { log, state } = this.#options;
    if (this.#stopped) return;
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof ConfigError) {
      this.#refused.refuse(error.files);
      this.#retryLater();
    }
    if (cause === 'retry' && message === this.#faults) return;
    this.#faults = message;
    state.failed(message);
    log.error({ faults: message.split('\n') }, 'the configuration was not reloaded; the one before stays in use');
  }

  #retryLater(): void {
    if (!this.#stopped) this.#cancel = this.#options.clock.after(RETRY_MS, () => this.reload('retry'));
  }
}
