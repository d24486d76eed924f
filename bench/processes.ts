import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/** Clock ticks a second, as /proc counts them. */
const TICKS = 100;

export interface Usage {
  readonly cpuMs: number;
  readonly memoryMiB: number;
}

export interface ProgramOptions {
  readonly isAsked?: boolean;
  readonly output?: string;
}

/** A process and those it started. */
export class Program {
  readonly #child: ChildProcess;

  /**
   * `isAsked`: it takes messages. `output`: the file that what it prints is written to, as this process may stand still
   * and read nothing; left out: a pipe.
   */
  constructor(command: string, words: readonly string[], { isAsked = false, output }: ProgramOptions = {}) {
    const file = output === undefined ? undefined : openSync(output, 'a');
    this.#child = spawn(command, words, {
      stdio: ['ignore', file ?? 'pipe', 'inherit', ...(isAsked ? ['ipc' as const] : [])],
    });
    if (file !== undefined) closeSync(file);
  }

  /** Sends a message and resolves with the one that comes back. */
  async ask(message: string): Promise<unknown> {
    const answered = once(this.#child, 'message');
    this.#child.send(message);
    const [answer] = await answered;
    return answer;
  }

  /** The first line that it prints. */
  async line(): Promise<string> {
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('its output is not piped');
    const [chunk] = await once(stdout, 'data');
    stdout.resume();
    return String(chunk).split('\n', 1)[0] ?? '';
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it prints is read and forgotten. */
  mute(): void {
    this.#child.stdout?.resume();
  }

  /** Of all of them; `alone`: of the process without those it started. */
  usage(alone = false): Usage {
    const pid = this.#child.pid ?? 0;
    const pids = alone ? [pid] : this.#tree(pid);
    const ticks = pids.map((pid) => {
      const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
      const [utime = '0', stime = '0'] = rest.split(' ').slice(11, 13);
      return Number(utime) + Number(stime);
    });
    const kib = pids.map((pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0));
    const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
    return { cpuMs: (sum(ticks) * 1000) / TICKS, memoryMiB: sum(kib) / 1024 };
  }

  #tree(pid: number): number[] {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) => {
      const list = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8');
      return list
        .split(' ')
        .filter((each) => each !== '')
        .map(Number);
    });
    return [pid, ...children.flatMap((child) => this.#tree(child))];
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}

/** Milliseconds of CPU time that nobody took since the machine started, of all its cores together. */
export function idleCpuMs(): number {
  const [, , , , idle = '0'] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/\s+/) ?? [];
  return (Number(idle) * 1000) / TICKS;
}

/** A port that nobody has at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('unreachable: it listens on TCP');
  return address.port;
}

/** Resolves when the port takes connections, which is looked at so often. */
export async function listens(port: number, everyMs = 25): Promise<void> {
  for (const endMs = performance.now() + 10_000; performance.now() < endMs; ) {
    const socket = connect({ host: '127.0.0.1', port });
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`nobody listens on ${port}`);
}
