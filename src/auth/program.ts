import { type ChildProcess, spawn } from 'node:child_process';
import { Failure } from '../errors.ts';

/** A program that is run without a shell, for what it writes on its standard output. */
export interface Program {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Where it runs. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds, real ones. */
  readonly timeout: number;
}

/** Bytes. */
const LARGEST_OUTPUT = 262_144;

const running = new Set<ChildProcess>();
// A process that ends at once leaves nobody who would end them.
function endAll(): void {
  for (const child of running) end(child);
}

/**
 * What it wrote, once it has ended well and all that it started has let go of its output. Rejects with a Failure:
 * `token_unavailable`, or `token_invalid` when it writes too much. It and its children are killed (as a process group)
 * when it takes too long, writes too much, or `cut` is aborted. What it says on standard error is not read: it may be a secret.
 */
export async function outputOf(program: Program, cut: AbortSignal): Promise<string> {
  if (cut.aborted) throw unavailable(CUT);
  const child = started(program);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  let size = 0;
  let stopped: Failure | undefined;
  const stop = (why: Failure): void => {
    stopped ??= why;
    end(child);
  };
  const endings = [cut, AbortSignal.timeout(program.timeout)];
  const cutOff = (): void =>
    stop(unavailable(cut.aborted ? CUT : `did not end, or let go of its output, within ${program.timeout} ms`));
  for (const ending of endings) ending.addEventListener('abort', cutOff);
  // While there are some: in a program that uses this as a library its process is not ours.
  if (running.size === 0) process.on('exit', endAll);
  running.add(child);
  const over = (): void => {
    for (const ending of endings) ending.removeEventListener('abort', cutOff);
    running.delete(child);
    if (running.size === 0) process.off('exit', endAll);
  };
  // Where there are too many files open there is no output either.
  child.stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= LARGEST_OUTPUT) chunks.push(chunk);
    else stop(new Failure('token_invalid', `the program wrote more than ${LARGEST_OUTPUT} bytes`));
  });
  child.on('error', (error) => {
    if (child.pid !== undefined) return;
    over();
    reject(notStarted(error));
  });
  child.on('close', (code, signal) => {
    over();
    const how = code === null ? `was ended by ${signal}` : `ended with exit code ${code}`;
    if (stopped !== undefined) reject(stopped);
    else if (code !== 0) reject(unavailable(`${how} (run by hand it says why)`));
    else resolve(Buffer.concat(chunks).toString('utf8'));
  });
  return await promise;
}

const CUT = 'was ended, as the proxy ends';

function started({ command, folder, env }: Program): ChildProcess {
  const [program = '', ...args] = command;
  try {
    return spawn(program, args, {
      cwd: folder,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      windowsHide: true,
    });
  } catch (cause) {
    throw notStarted(cause as NodeJS.ErrnoException);
  }
}

/** It leads a process group of its own, with its children. Where there are no groups, it alone is ended. */
function end(child: ChildProcess): void {
  child.stdout?.destroy();
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

function notStarted(cause: NodeJS.ErrnoException): Failure {
  const why =
    cause.code === 'ENOENT'
      ? 'there is none of that name (give its path, or see that it is in the PATH of the proxy)'
      : cause.code === 'EACCES'
        ? 'it may not be executed (chmod +x)'
        : 'the log of the proxy says why';
  return new Failure('token_unavailable', `the program cannot be started: ${why}`, { cause });
}

function unavailable(what: string): Failure {
  return new Failure('token_unavailable', `the program ${what}`);
}
