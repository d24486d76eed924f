import { Reloading } from '../app/reloading.ts';
import { startApp } from '../app.ts';
import { systemClock } from '../clock.ts';
import { parseConfig, readConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { type Log, type LogOptions, openLog } from '../observe/log.ts';
import { randomId } from '../random-id.ts';
import { WorkerError } from '../server/worker-error.ts';
import { addressesOf, announce, warnOf } from './announce.ts';
import { aboutPort, aboutSocket, Complaint } from './complaint.ts';
import { suitHeap } from './heap.ts';
import { isColoured } from './paint.ts';
import type { Process } from './process.ts';
import { untilSignal } from './signals.ts';

export interface RunWords {
  readonly config: string;
  readonly sandbox?: boolean;
  readonly logLevel?: LogOptions['level'];
  readonly logFormat?: LogOptions['format'];
}

/** Runs the proxy until a signal ends it. */
export async function run(words: RunWords, process: Process): Promise<void> {
  const text = await readConfig(words.config);
  const config = parseConfig(text, { file: words.config, env: process.env });
  const format =
    words.logFormat ?? (config.log.format === 'auto' ? (process.stdout.isTTY ? 'pretty' : 'json') : config.log.format);
  const { log, close } = await openLog(
    {
      level: words.logLevel ?? config.log.level,
      format,
      colour: isColoured(process.stdout, process.env),
    },
    systemClock,
  );
  const end = (code: number): void => {
    const exit = (): never => process.exit(code);
    close().then(exit, exit);
  };
  const fatal = (error: Error): void => {
    log.fatal({ stack: error.stack }, 'a fault of ours; ending');
    end(1);
  };
  process.on('uncaughtException', fatal);
  try {
    await serve({ config, text, log, end, words, process });
  } finally {
    // What is thrown from here on has no log to go to; Node prints it.
    process.off('uncaughtException', fatal);
    await close();
  }
}

interface Service {
  readonly config: Config;
  /** What it was read from. */
  readonly text: string;
  readonly log: Log;
  /** Ends the process at once, with that code; the log is written first. */
  readonly end: (code: number) => void;
  readonly words: RunWords;
  readonly process: Process;
}

async function serve({ config, text, log, end, words, process }: Service): Promise<void> {
  let reloading: Reloading | undefined;
  // From the start on: one that nobody takes would end the process.
  const asked = untilSignal({ process, log, end, hungUp: () => reloading?.reload('SIGHUP') });
  const sandbox = words.sandbox
    ? await startedSandbox().catch((error) =>
        Promise.reject(aboutPort(error, 'the sandbox', 'run the proxy without one (npm run -s bearerway -- run)')),
      )
    : undefined;
  try {
    const secrets = [config.listen.clientToken, config.admin === false ? undefined : config.admin.clientToken];
    await Promise.all(secrets.map((secret) => secret?.read())).catch((error: Error) => {
      throw new Complaint(`the client token cannot be had: ${error.message}`);
    });
    const { env } = process;
    const { logLevel } = words;
    const surroundings = { clock: systemClock, log, logLevel, random: Math.random, newId: randomId, env };
    const app = await startApp(config, surroundings).catch((error) => Promise.reject(aboutOurPort(error, config)));
    const apply = async (next: Config) => {
      await app.reload(next).catch((error) => Promise.reject(aboutOurPort(error, next)));
      log.level = words.logLevel ?? next.log.level;
      warnOf(next, log);
      return addressesOf(app, next);
    };
    reloading = new Reloading({ ...surroundings, file: words.config, config, text, apply, state: app.reloads });
    announce({ config, log, app, sandbox, process });
    const leaveHeap = suitHeap(systemClock);
    const signal = await asked;
    leaveHeap();
    log.info({ signal }, 'shutting down; what is under way is finished');
    reloading.stop();
    await app.stop();
    log.info('stopped');
  } finally {
    await sandbox?.close();
  }
}

function aboutOurPort(error: unknown, { listen, admin }: Config): unknown {
  if (error instanceof WorkerError) return new Complaint(error.message);
  const { port, address, path } = error as { port?: number; address?: string; path?: string };
  const socket = listen.socket?.path;
  if (socket !== undefined && (address === socket || path === socket)) return aboutSocket(error, socket);
  if (admin !== false && port === admin.port && (port !== listen.port || socket !== undefined)) {
    return aboutPort(
      error,
      'the admin port',
      'set another with admin.port (or BEARERWAY_ADMIN_PORT for the shipped proxy.yaml)',
    );
  }
  return aboutPort(error, 'the proxy', 'set another with listen.port (or BEARERWAY_PORT for the shipped proxy.yaml)');
}

/** Loaded where it is asked for. */
async function startedSandbox() {
  const { startSandbox } = await import('../sandbox/sandbox.ts');
  return await startSandbox();
}
