import type { Socket } from 'node:net';
import type { Surroundings } from '../app/surroundings.ts';
import { WorkReports } from '../app/work-report.ts';
import { openWorker, type WorkerApp } from '../app/worker.ts';
import { servedConfig, type WorkerConfig } from '../app/worker-config.ts';
import { RemoteTokens } from '../auth/remote-source.ts';
import { type Clock, systemClock } from '../clock.ts';
import { openLog } from '../observe/log.ts';
import { randomId } from '../random-id.ts';
import { LifeSign } from '../server/life-sign.ts';
import { type ChannelEnd, type ChannelUser, WorkerChannel } from '../server/worker-channel.ts';
import type { ToWorker } from '../worker-messages.ts';
import { suitHeap } from './heap.ts';
import type { Process } from './process.ts';

type Start = Extract<ToWorker, { kind: 'start' }>;

/** Serves the connections that the first process hands over, until that says stop or is gone. Resolves with the exit code. */
export async function runWorker(process: Process & ChannelEnd): Promise<0 | 1> {
  const channel = new WorkerChannel(process);
  const start = await started(channel);
  if (start === undefined) return 1;
  const { log, close } = await openLog({ level: start.logLevel, format: 'json', colour: false }, systemClock);
  process.on('uncaughtException', (error) => {
    log.fatal({ stack: error.stack }, 'a fault of ours; ending');
    const end = (): never => process.exit(1);
    close().then(end, end);
  });
  const { env } = process;
  try {
    const serving = await serve(start, channel, { clock: systemClock, log, random: Math.random, newId: randomId, env });
    const leaveHeap = suitHeap(systemClock);
    return await serving.ended.finally(leaveHeap);
  } catch (error) {
    channel.tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
    return 1;
  } finally {
    await close();
  }
}

/** What to start with; undefined if the first process went away before it could say. */
function started(channel: WorkerChannel): Promise<Start | undefined> {
  return new Promise((resolve) => {
    const heard = (start: Start | undefined): void => {
      channel.use(undefined);
      resolve(start);
    };
    channel.use({ message: (message) => message.kind === 'start' && heard(message), closed: () => heard(undefined) });
  });
}

async function serve({ config, hopId }: Start, channel: WorkerChannel, surroundings: Surroundings) {
  const { clock } = surroundings;
  // It is the process of our own that made it.
  const given = config as WorkerConfig;
  const tokens = new RemoteTokens((question) => channel.tell(question), clock);
  const app = await openWorker(servedConfig(given), { ...surroundings, hopId, tokens });
  const reports = new WorkReports(app.work, clock, (report) => channel.tell({ kind: 'report', report, answers: null }));
  const serving = new Serving({ app, tokens, channel, reports, clock, timeoutMs: given.shutdown.timeout });
  channel.use(serving);
  channel.tell({ kind: 'ready' });
  return serving;
}

interface ServingOptions {
  readonly app: WorkerApp;
  readonly tokens: RemoteTokens;
  readonly channel: WorkerChannel;
  readonly reports: WorkReports;
  readonly clock: Clock;
  /** Milliseconds for what is under way when the first process has gone. */
  readonly timeoutMs: number;
}

/** Does as the first process says. */
class Serving implements ChannelUser {
  /** The exit code. */
  readonly ended: Promise<0 | 1>;
  readonly #options: ServingOptions;
  readonly #first: LifeSign;
  #end: (code: 0 | 1) => void = () => {};
  #draining = false;

  constructor(options: ServingOptions) {
    this.#options = options;
    this.#first = new LifeSign(options.clock, () => this.closed());
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  message(message: ToWorker, socket: Socket | undefined): void {
    const { app, tokens, channel, reports } = this.#options;
    this.#first.heard();
    switch (message.kind) {
      case 'token':
      case 'answer':
        tokens.hear(message);
        break;
      case 'connection':
        if (socket !== undefined) app.listener.take(socket);
        break;
      case 'alive':
        channel.tell({ kind: 'alive' });
        break;
      case 'report':
        channel.tell({ kind: 'report', report: reports.read(), answers: message.id });
        break;
      case 'watched':
        reports.watched(message.isWatched);
        break;
      case 'retire':
        app.listener.drain();
        break;
      case 'drain':
        this.#draining = true;
        app.listener.drain();
        break;
      case 'stop':
        this.#stop(0);
        break;
      case 'cut':
        this.#cut();
        break;
    }
  }

  /** Nobody is left who could say stop. One that ends in the middle of a shutdown was told to end at once. */
  closed(): void {
    const { app, tokens, clock, timeoutMs } = this.#options;
    tokens.lost();
    app.listener.drain();
    if (this.#draining) this.#cut();
    else clock.after(timeoutMs, () => this.#cut());
    this.#stop(1);
  }

  #stop(code: 0 | 1): void {
    this.#finish().then(
      () => this.#end(code),
      () => this.#end(1),
    );
  }

  async #finish(): Promise<void> {
    const { app, channel, reports } = this.#options;
    await app.listener.stop();
    await app.close();
    await channel.told({ kind: 'report', report: reports.read(), answers: null });
  }

  #cut(): void {
    this.#options.app.listener.cut();
  }
}
