import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { type App, startApp } from '../app.ts';
import { systemClock } from '../clock.ts';
import { parseConfig, readConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { secretVariables } from '../config/secret-variables.ts';
import { type Log, type LogOptions, openLog } from '../observe/log.ts';
import { randomId } from '../random-id.ts';
import { fixedSecret } from '../secret.ts';
import { baseUrls } from './base-urls.ts';
import { aboutPort } from './complaint.ts';
import { isColoured, paintOn } from './paint.ts';
import type { Process } from './process.ts';

export interface ExecWords {
  readonly config: string;
  readonly logLevel: LogOptions['level'];
}

/** Runs a command beside a proxy of its own, which it finds in its environment. Resolves with the command's exit code. */
export async function exec(command: readonly string[], words: ExecWords, process: Process): Promise<number> {
  const { env, stderr } = process;
  const source = await readConfig(words.config);
  const clientToken = randomId();
  const config = forOneClient(parseConfig(source, { file: words.config, env }), clientToken);
  const prefixes = config.routes.map(({ prefix }) => prefix);
  // Those that clash are told before anything runs.
  baseUrls(prefixes, '');
  const { format } = config.log;
  const { log, close } = await openLog(
    {
      level: words.logLevel,
      format: format === 'auto' ? (stderr.isTTY ? 'pretty' : 'json') : format,
      colour: isColoured(stderr, env),
      onStandardError: true,
    },
    systemClock,
  );
  let app: App | undefined;
  try {
    const surroundings = { clock: systemClock, log, random: Math.random, newId: randomId, env };
    app = await startApp(config, surroundings).catch((error) => {
      throw aboutPort(error, 'the proxy', 'try again');
    });
    const origin = `http://x:${clientToken}@127.0.0.1:${app.bound.port}`;
    const hidden = secretVariables(source);
    const shown = Object.fromEntries(Object.entries(env).filter(([name]) => !hidden.has(name)));
    const found = { HTTP_PROXY: origin, http_proxy: origin, ...baseUrls(prefixes, origin) };
    return await ended(command, process, { env: { ...shown, ...found }, log });
  } finally {
    await app?.stop();
    await close();
  }
}

/** The config, for a proxy that only whoever has the token can use, and that ends with its client. */
function forOneClient(config: Config, clientToken: string): Config {
  const place = { host: '127.0.0.1', port: 0, socket: undefined, tls: undefined };
  return {
    ...config,
    listen: { ...config.listen, ...place, clientToken: fixedSecret(clientToken) },
    admin: false,
    // Workers would read the config as it stands in its file.
    workers: 1,
    shutdown: { delay: 0, timeout: 0 },
  };
}

const passedOn = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** A terminal sends these to all of its foreground processes: the command has them already. */
const ofTerminal: readonly string[] = ['SIGINT', 'SIGQUIT'];

/** As env(1) ends where there is no such program, and where it cannot be run. */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;

interface Surrounding {
  readonly env: Process['env'];
  readonly log: Log;
}

/** Runs it on our own standard streams. */
function ended(
  [program = '', ...args]: readonly string[],
  process: Process,
  { env, log }: Surrounding,
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const { stdin, stdout, stderr } = process;
  const hasTerminal = [stdin, stdout, stderr].some(({ isTTY }) => isTTY);
  const child = spawn(program, args, { stdio: 'inherit', env });
  const passOn = (signal: NodeJS.Signals): void => {
    if (!(hasTerminal && ofTerminal.includes(signal))) child.kill(signal);
  };
  const fatal = ({ stack }: Error): void => {
    log.fatal({ stack }, 'a fault of ours; ending');
    child.kill('SIGTERM');
    resolve(1);
  };
  for (const signal of passedOn) process.on(signal, passOn);
  process.on('uncaughtException', fatal);
  child.on('error', ({ code }: NodeJS.ErrnoException) => {
    const isMissing = code === 'ENOENT';
    const why = isMissing
      ? 'there is no such program (look at its spelling, and at PATH)'
      : `it cannot be run (${code})`;
    stderr.write(`${paintOn(stderr, process.env)('red', 'bearerway:')} ${program}: ${why}\n`);
    resolve(isMissing ? NOT_FOUND : NOT_RUNNABLE);
  });
  child.on('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  return promise.finally(() => {
    for (const signal of passedOn) process.off(signal, passOn);
    process.off('uncaughtException', fatal);
  });
}
